"""What all tests share: the slow ones are opt-in, and randomness comes from a seeded generator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch


# `make test` runs a process per core; threads would only get in their way. Torch reads this once.
os.environ.setdefault('OMP_NUM_THREADS', '1')


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--runslow', action='store_true', help='also run the tests marked slow')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption('--runslow'):
        return
    skip = pytest.mark.skip(reason='slow: runs with --runslow')
    for item in items:
        if 'slow' in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def generator() -> torch.Generator:
    """A CPU generator with a fixed seed."""
    import torch

    return torch.Generator().manual_seed(0)
