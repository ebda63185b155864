"""Tell, with evidence, whether any treatment of class imbalance helps."""
