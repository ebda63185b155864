"""What a saved model needs in order to answer."""
