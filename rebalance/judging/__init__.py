"""The recommendation, from training rows; the evaluation of every model, on test rows."""
