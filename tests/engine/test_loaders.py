import pytest
import torch
from torch.utils.data import DataLoader

from agmax_mm import machine
from agmax_mm.engine.loaders import choose_workers, complete_loader


@pytest.mark.parametrize(
    ('cores', 'cuda', 'workers'),
    [(1, True, 1), (2, True, 1), (8, True, 7), (17, True, 16), (64, True, 16), (2, False, 1), (32, False, 4)],
)
def test_workers_by_cores(cores, cuda, workers):
    assert choose_workers(cores, cuda=cuda) == workers


_LAUNCHERS = ['LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE', 'SLURM_STEP_TASKS_PER_NODE', 'SLURM_CPUS_PER_TASK']


@pytest.mark.parametrize(
    ('variables', 'cores', 'expected'),
    [
        ({}, 128, 2),  # 64 processes, for all that is known
        ({'LOCAL_WORLD_SIZE': '8'}, 128, 16),
        ({'OMPI_COMM_WORLD_LOCAL_SIZE': '4'}, 128, 32),
        ({'SLURM_STEP_TASKS_PER_NODE': '8(x8)'}, 128, 16),
        ({'SLURM_STEP_TASKS_PER_NODE': '8(x8)', 'SLURM_CPUS_PER_TASK': '5'}, 5, 5),  # bound by Slurm
        ({'SLURM_STEP_TASKS_PER_NODE': '8(x8)', 'SLURM_CPUS_PER_TASK': '5'}, 128, 16),  # not bound
        ({'LOCAL_WORLD_SIZE': '8'}, 2, 1),
    ],
)
def test_cores_of_a_process(variables, cores, expected, monkeypatch):
    for name in _LAUNCHERS:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(machine, 'usable_cores', lambda: cores)
    assert machine.cores_of_process(64) == expected


@pytest.mark.parametrize(('cores', 'local', 'prefetch'), [(4, 1, 4), (64, 1, 2), (64, 8, 4)])
def test_open_options_are_filled_in(cores, local, prefetch, monkeypatch):
    monkeypatch.setattr(machine, 'usable_cores', lambda: cores)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setenv('LOCAL_WORLD_SIZE', str(local))
    config = dict(batch_size=2)
    complete_loader(config, world_size=2 * local)  # two machines
    assert config == dict(
        batch_size=2,
        num_workers=choose_workers(cores // local, cuda=True),
        pin_memory=True,
        persistent_workers=True,
        prefetch_factor=prefetch,
    )


def test_what_is_said_is_kept():
    config = dict(num_workers=3, pin_memory=False, persistent_workers=False, prefetch_factor=7)
    expected = dict(config)
    complete_loader(config, world_size=1)
    assert config == expected


def test_memory_is_pinned_for_gpus_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    config = {}
    complete_loader(config, world_size=1)
    assert config['pin_memory'] is False


def test_no_workers_is_something_torch_takes():
    config = dict(num_workers=0, persistent_workers=True, prefetch_factor=4)
    complete_loader(config, world_size=1)
    assert list(DataLoader([1, 2], **config)) == [torch.tensor([1]), torch.tensor([2])]
