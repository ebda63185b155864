"""The parts of a saved model that answer."""
