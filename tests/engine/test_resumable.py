"""Runs that go back to one of their earlier checkpoints."""

from __future__ import annotations

import json

from agmax_mm.checkpoints.files import newest_checkpoint
from tests.engine.small import make_runner


def train(folder, epochs, resume=False, checkpoint=None):
    saver = {'checkpoint': {'type': 'CheckpointHook', 'interval': 1}}
    runner = make_runner(folder, epochs=epochs, resume=resume, default_hooks=saver)
    runner._load_from = None if checkpoint is None else str(checkpoint)
    runner.train()
    return runner


def test_a_run_that_goes_back_leaves_no_checkpoint_that_would_be_taken_for_its_newest(tmp_path):
    """Two steps an epoch."""
    train(tmp_path, 3)
    for epoch in (1, 3):
        (tmp_path / f'best_acc_epoch_{epoch}.pth').write_bytes((tmp_path / f'epoch_{epoch}.pth').read_bytes())
    old = (tmp_path / 'epoch_2.pth').read_bytes()
    train(tmp_path, 2, resume=True, checkpoint=tmp_path / 'epoch_1.pth')
    newer = ['best_acc_epoch_3.pth', 'epoch_2.pth', 'epoch_3.pth']
    kept = ['best_acc_epoch_1.pth', *(f'earlier_{name}' for name in newer), 'epoch_1.pth', 'epoch_2.pth']
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == kept
    assert (tmp_path / 'earlier_epoch_2.pth').read_bytes() == old
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'
    # Without a named file the newest one is taken, and nothing is set aside.
    (tmp_path / 'earlier_epoch_3.pth').rename(tmp_path / 'epoch_3.pth')
    assert train(tmp_path, 3, resume=True).iter == 6
    assert (tmp_path / 'epoch_3.pth').is_file()


def test_stopped_and_counted_checkpoints_behind_the_place_are_set_aside(tmp_path):
    from agmax_mm.checkpoints.files import set_newer_aside

    names = ['iter_20.pth', 'iter_30.pth', 'stopped_iter_25.pth', 'best_a_b_iter_30.pth', 'backbone_iter_30.pth']
    for name in names:
        (tmp_path / name).touch()
    aside = [f'earlier_{name}' for name in ('best_a_b_iter_30.pth', 'iter_30.pth', 'stopped_iter_25.pth')]
    assert set_newer_aside(tmp_path, epoch=0, step=20) == aside
    assert sorted(path.name for path in tmp_path.iterdir()) == ['backbone_iter_30.pth', *aside, 'iter_20.pth']


def test_runs_that_begin_in_one_second_keep_their_own_files(tmp_path, monkeypatch):
    monkeypatch.setattr('time.strftime', lambda *_: '20260101_000000')
    for name in ('first', 'second'):
        # Named as detectors' configs do.
        make_runner(
            tmp_path / name,
            visualizer={'type': 'Visualizer', 'name': 'visualizer', 'vis_backends': [{'type': 'LocalVisBackend'}]},
        ).train()
    for name in ('first', 'second'):
        folder = tmp_path / name / '20260101_000000'
        assert len(list(folder.glob('*.log'))) == 1
        steps = [json.loads(line)['step'] for line in (folder / 'vis_data' / 'scalars.json').read_text().splitlines()]
        assert steps  # and none of the other run's:
        assert steps == sorted(set(steps))
