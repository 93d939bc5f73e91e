"""Checkpoints of this package and of others: whose they are, and what their tensors are called."""
