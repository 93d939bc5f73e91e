"""Weakly supervised localisation: where a classifier that was trained on labels alone looks."""
