"""Best checkpoints: one for each metric, whatever earlier processes left beside it."""

from __future__ import annotations

import logging
from types import SimpleNamespace

from mmengine.logging import MessageHub

from agmax_mm.engine.hooks import SafeCheckpointHook


class Saver:
    """What the hook asks of a runner; it notes what is there when each file is written."""

    def __init__(self, folder):
        self.work_dir, self.epoch, self.iter = str(folder), 0, 0
        self.logger = logging.getLogger('saver')
        self.message_hub = MessageHub.get_instance(f'saver of {folder}')
        self.folder, self.seen = folder, []

    def save_checkpoint(self, out_dir, filename, *args, **kwargs):
        self.seen.append(best(self.folder))
        (self.folder / filename).touch()

    def validate(self, hook, **metrics):
        self.epoch += 1
        hook.after_val_epoch(self, metrics)


def best(folder):
    return sorted(path.name for path in folder.glob('best_*'))


def test_there_always_is_one_best_checkpoint_and_in_the_end_no_other(tmp_path):
    for name in ('best_acc_epoch_7.pth', 'best_acc_50_epoch_7.pth', 'best_acc_epoch_7.txt'):
        (tmp_path / name).touch()
    runner, hook = Saver(tmp_path), SafeCheckpointHook(save_best='acc', rule='greater')
    hook.before_train(runner)
    runner.validate(hook, acc=0.5)
    # Of a run that was killed before its record said so; that of another metric stays.
    assert best(tmp_path) == ['best_acc_50_epoch_7.pth', 'best_acc_epoch_1.pth', 'best_acc_epoch_7.txt']
    hook.last_ckpt = str(tmp_path / 'epoch_1.pth')
    runner.seen.clear()
    runner.validate(hook, acc=0.4)
    assert runner.seen == []
    runner.validate(hook, acc=0.6)
    assert [('best_acc_epoch_1.pth' in seen, 'best_acc_epoch_3.pth' in seen) for seen in runner.seen] == [
        (True, False),
        (True, True),
    ]
    assert best(tmp_path) == ['best_acc_50_epoch_7.pth', 'best_acc_epoch_3.pth', 'best_acc_epoch_7.txt']
    assert hook.best_ckpt_path == runner.message_hub.get_info('best_ckpt') == str(tmp_path / 'best_acc_epoch_3.pth')


def test_each_metric_has_its_own(tmp_path):
    runner, hook = Saver(tmp_path), SafeCheckpointHook(save_best=['acc', 'coco/acc'], rule='greater')
    hook.before_train(runner)
    runner.validate(hook, **{'acc': 0.5, 'coco/acc': 0.5})
    runner.validate(hook, **{'acc': 0.4, 'coco/acc': 0.6})
    assert best(tmp_path) == ['best_acc_epoch_1.pth', 'best_coco_acc_epoch_2.pth']


def test_a_best_checkpoint_that_is_missing_is_forgotten(tmp_path):
    runner = Saver(tmp_path)
    for name, value in (('best_score', 0.9), ('best_ckpt', str(tmp_path / 'gone.pth')), ('last_ckpt', 'epoch_1.pth')):
        runner.message_hub.update_info(name, value)
    hook = SafeCheckpointHook(save_best='acc', rule='greater')
    hook.before_train(runner)
    assert hook.lost_best
    assert hook.last_ckpt == 'epoch_1.pth'
    runner.validate(hook, acc=0.1)
    assert best(tmp_path) == ['best_acc_epoch_1.pth']
    kept = SafeCheckpointHook(save_best='acc', rule='greater')
    kept.before_train(SimpleNamespace(**vars(runner)))
    assert not kept.lost_best
