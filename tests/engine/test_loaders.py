import pytest
import torch
from torch.utils.data import DataLoader

from agmax_mm.engine import loaders
from agmax_mm.engine.loaders import choose_workers, complete_loader


@pytest.mark.parametrize(
    ('cores', 'processes', 'cuda', 'workers'),
    [
        (1, 1, True, 1),
        (2, 1, True, 1),
        (8, 1, True, 7),
        (8, 8, True, 1),
        (64, 8, True, 7),
        (64, 4, True, 15),
        (64, 1, True, 16),
        (2, 1, False, 1),
        (2, 2, False, 1),
        (32, 1, False, 4),
        (64, 2, False, 4),
    ],
)
def test_workers_by_cores(cores, processes, cuda, workers):
    assert choose_workers(cores, processes, cuda=cuda) == workers


@pytest.mark.parametrize(('cores', 'local', 'prefetch'), [(4, 1, 4), (64, 1, 2), (64, 8, 4)])
def test_open_options_are_filled_in(cores, local, prefetch, monkeypatch):
    monkeypatch.setattr(loaders, 'usable_cores', lambda: cores)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setenv('LOCAL_WORLD_SIZE', str(local))
    config = dict(batch_size=2)
    complete_loader(config, world_size=2 * local)  # two machines
    assert config == dict(
        batch_size=2,
        num_workers=choose_workers(cores, local, cuda=True),
        pin_memory=True,
        persistent_workers=True,
        prefetch_factor=prefetch,
    )


def test_what_is_said_is_kept():
    config = dict(num_workers=3, pin_memory=False, persistent_workers=False, prefetch_factor=7)
    expected = dict(config)
    complete_loader(config, world_size=1)
    assert config == expected


def test_no_workers_is_something_torch_takes():
    config = dict(num_workers=0, persistent_workers=True, prefetch_factor=4)
    complete_loader(config, world_size=1)
    assert list(DataLoader([1, 2], **config)) == [torch.tensor([1]), torch.tensor([2])]
