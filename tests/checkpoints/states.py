"""State dicts for tests."""

from agmax_mm.checkpoints.unwrapping import possible_states


def flat_state(content):
    """The most likely state dict of what a file holds."""
    return next(possible_states(content))
