"""Values of steps reach log, record and checkpoint whether or not they are fetched late, and late ones in few looks."""

from __future__ import annotations

import json

import pytest
import torch
from mmengine.hooks import CheckpointHook, Hook

from agmax_mm.engine.hooks import step_values
from agmax_mm.engine.hooks.step_values import to_numbers
from tests.engine.small import make_runner


class Seen(Hook):
    """The message hub's last loss when the log is written, and what each step returned."""

    def __init__(self, logs=True):
        self.logs, self.losses, self.at_log = logs, [], []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append(float(outputs['loss'].detach()))
        if self.logs and batch_idx % 2:
            self.at_log.append(runner.message_hub.get_scalar('train/loss').current())


def trained(work_dir, **options):
    seen = Seen()
    runner = make_runner(work_dir, epochs=2, **options)
    runner.register_hook(seen, priority='VERY_LOW')
    runner.train()
    return runner, seen


def history(runner, name='train/loss'):
    return list(runner.message_hub.get_scalar(name).data[0])


@pytest.fixture
def on_a_gpu(monkeypatch):
    """Let values on the CPU pass for ones that reading has to wait for."""
    monkeypatch.setattr(step_values, 'is_at_hand', lambda value: not isinstance(value, torch.Tensor))


def test_fetched_at_once_and_late_are_the_same(tmp_path, monkeypatch):
    runs = [trained(tmp_path / 'now')]
    monkeypatch.setattr(step_values, 'is_at_hand', lambda value: not isinstance(value, torch.Tensor))
    runs.append(trained(tmp_path / 'late'))
    for runner, seen in runs:
        assert len(seen.losses) == 4
        assert history(runner) == seen.losses
        assert seen.at_log == seen.losses[1::2]
    (now, _), (late, _) = runs
    for name in ('train/loss_cls', 'train/loss_agreement', 'train/mutual_info', 'train/lr'):
        assert history(now, name) == history(late, name)
    records = [json.loads((tmp_path / name / 'result.json').read_text()) for name in ('now', 'late')]
    assert records[0]['history'] == records[1]['history']
    assert [point['loss'] for point in records[0]['history']['train']] == runs[0][1].losses


@pytest.mark.usefixtures('on_a_gpu')
def test_a_checkpoint_between_two_logs_has_all_values(tmp_path):
    _, seen = trained(
        tmp_path,
        default_hooks={
            'logger': {'type': 'LoggerHook', 'interval': 100, 'ignore_last': True},
            'checkpoint': CheckpointHook(interval=1, by_epoch=False),
        },
    )
    hub = torch.load(tmp_path / 'iter_1.pth', weights_only=False)['message_hub']
    assert list(hub['log_scalars']['train/loss'].data[0]) == seen.losses[:1]


@pytest.mark.usefixtures('on_a_gpu')
@pytest.mark.parametrize(
    ('train_cfg', 'steps'),
    [({'by_epoch': True, 'max_epochs': 2}, [2, 4]), ({'by_epoch': False, 'max_iters': 3}, [3])],
)
def test_all_values_are_there_when_an_epoch_or_the_run_ends(tmp_path, train_cfg, steps):
    """Though no log and no checkpoint has asked for them."""

    class Ends(Hook):
        def __init__(self):
            self.histories = []

        def after_train_epoch(self, runner):
            self.histories.append(history(runner))

    ends, seen = Ends(), Seen(logs=False)
    silent = {'logger': {'type': 'LoggerHook', 'interval': 100, 'ignore_last': True}, 'checkpoint': None}
    runner = make_runner(tmp_path, train_cfg=train_cfg, default_hooks=silent)
    runner.register_hook(ends, priority='VERY_HIGH')
    runner.register_hook(seen, priority='VERY_LOW')
    runner.train()
    assert ends.histories == [seen.losses[:count] for count in steps]


@pytest.mark.usefixtures('on_a_gpu')
def test_one_look_per_log(tmp_path, monkeypatch):
    looks = []
    monkeypatch.setattr(step_values, 'to_numbers', lambda values: looks.append(len(values)) or to_numbers(values))
    trained(tmp_path)
    # Loss, its two terms and two monitors of two steps, at the log of each epoch.
    assert looks == [10, 10]


def test_numbers():
    values = [torch.tensor(0.1), 2, torch.tensor([3.0]), 0.1, torch.tensor(4, dtype=torch.int64)]
    assert to_numbers(values) == [float(torch.tensor(0.1)), 2.0, 3.0, 0.1, 4.0]
    assert to_numbers([torch.tensor(0.1, dtype=torch.float64), torch.tensor(1.0)]) == [0.1, 1.0]
    assert to_numbers([]) == []
