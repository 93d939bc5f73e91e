"""The length of a run: its schedule follows, by option, by word, in a user's file, and when a run is resumed."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim.scheduler import CosineAnnealingLR, LinearLR, MultiStepLR

from agmax_mm.engine.config import load_config
from agmax_mm.engine.schedule import follow_length, replay, run_length, schedule_length
from tests.engine.small import make_runner

COSINE = 'configs/baseline/wrn40-2_standard_200e_cifar10.py'
STEPS = 'configs/agmax/resnet50_cutmix_90e.py'
WARMED_UP = 'configs/agmax/regnetx-200mf_cutmix_aa_100e.py'


def _times(config):
    parts = config.param_scheduler
    keys = ('begin', 'end', 'T_max', 'milestones')
    return [{key: part[key] for key in keys if key in part} for part in ([parts] if isinstance(parts, dict) else parts)]


@pytest.mark.parametrize(
    ('path', 'options', 'expected'),
    [
        (COSINE, {'train_cfg.max_epochs': 3}, [{'T_max': 3}]),
        (COSINE, {'epochs': 300}, [{'T_max': 300}]),
        (COSINE, {'max_epochs': 1}, [{'T_max': 1}]),
        (COSINE, {'epochs': 3, 'param_scheduler.T_max': 7}, [{'T_max': 7}]),
        (COSINE, {}, [{'T_max': 200}]),
        (STEPS, {'epochs': 9}, [{'milestones': [3, 6, 8]}]),
        (STEPS, {'epochs': 180}, [{'milestones': [60, 120, 160]}]),
        # The warm-up of five epochs stays where it fits, keeps its share where it does not, and goes at last.
        (WARMED_UP, {'epochs': 50}, [{'begin': 0, 'end': 5}, {'begin': 5, 'end': 50, 'T_max': 50}]),
        (WARMED_UP, {'epochs': 9}, [{}]),
    ],
)
def test_schedules_follow_options(path, options, expected):
    config = load_config(path, options)
    if expected == [{}]:
        (part,) = config.param_scheduler
        assert (part.type, part.end) == ('CosineAnnealingLR', 9)
        return
    assert _times(config) == expected


def test_a_file_that_inherits_has_its_own_length(tmp_path):
    base = f"_base_ = '{Path(COSINE).resolve()}'\n"
    for text, expected in (
        ('train_cfg = dict(max_epochs=50)\n', 50),
        ('epochs = 50\n', 50),
        ('max_epochs = 50\n', 50),
        ('train_cfg = dict(max_epochs=50)\nparam_scheduler = dict(T_max=60)\n', 60),
        ('param_scheduler = dict(T_max=60)\n', 60),
    ):
        (tmp_path / 'own.py').write_text(base + text)
        notes = []
        config = load_config(str(tmp_path / 'own.py'), notes=notes)
        assert config.param_scheduler.T_max == expected, text
        assert ('T_max 200 -> 50' in ' '.join(notes)) == (expected == 50)
    # And a file that inherits from that one, with an option on top.
    (tmp_path / 'own.py').write_text(base + 'train_cfg = dict(max_epochs=50)\n')
    (tmp_path / 'second.py').write_text("_base_ = './own.py'\n_note = 'x'\n")
    assert load_config(str(tmp_path / 'second.py'), {'epochs': 10}).param_scheduler.T_max == 10
    assert schedule_length(tmp_path / 'second.py') == ('max_epochs', 200)


def test_iterations_and_epochs_are_not_mixed():
    steps = dict(type='MultiStepLR', by_epoch=False, milestones=[100, 150])
    config = Config(dict(train_cfg=dict(by_epoch=True, max_epochs=4), param_scheduler=[steps]))
    assert follow_length(config, ('max_epochs', 2)) == []
    config = Config(dict(train_cfg=dict(by_epoch=False, max_iters=100), param_scheduler=[steps]))
    assert run_length(config) == ('max_iters', 100)
    (note,) = follow_length(config, ('max_iters', 200))
    assert config.param_scheduler[0].milestones == [50, 75]
    assert '200 iterations follows the length of 100' in note


def _rates(steps, build, replayed=0):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    schedulers = build(optimizer)
    if replayed:
        replay(schedulers, [replayed] * len(schedulers))
    rates = []
    for _ in range(steps - replayed):
        rates.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    return rates


@pytest.mark.parametrize(
    'build',
    [
        lambda optimizer: [CosineAnnealingLR(optimizer, T_max=10)],
        lambda optimizer: [MultiStepLR(optimizer, milestones=[3, 7])],
        lambda optimizer: [LinearLR(optimizer, start_factor=0.1, end=3), CosineAnnealingLR(optimizer, begin=3, end=10)],
    ],
)
def test_replayed_schedulers_go_on_as_if_never_interrupted(build):
    whole = _rates(10, build)
    for place in (1, 4, 9):
        assert _rates(10, build, replayed=place) == pytest.approx(whole[place:], abs=1e-12)


def test_a_finished_run_goes_on_at_the_rate_of_the_longer_one(tmp_path):
    """A cosine of 2 epochs ends at 0; from there the host's own resuming would stay at 0."""
    cosine = [dict(type='CosineAnnealingLR', by_epoch=True, T_max=2)]
    make_runner(tmp_path, epochs=2, param_scheduler=cosine).train()
    cosine[0]['T_max'] = 4
    runner = make_runner(tmp_path, epochs=4, param_scheduler=cosine, resume=True)
    rates = []
    runner.register_hook(_Rates(rates))
    runner.train()
    base = runner.optim_wrapper.param_groups[0]['initial_lr']
    expected = [0.5 * base * (1 + math.cos(math.pi * epoch / 4)) for epoch in (2, 3)]
    assert rates == pytest.approx(expected, abs=1e-9)


class _Rates(Hook):
    def __init__(self, rates):
        self.rates = rates

    def before_train_epoch(self, runner):
        self.rates.append(runner.optim_wrapper.param_groups[0]['lr'])
