"""Learners, treatments, and the training of one model."""
