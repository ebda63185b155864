"""What the training rows recommend, and what the test rows say of every model."""
