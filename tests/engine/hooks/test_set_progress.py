"""SetProgressHook in real runs: who is told, what, and after an interruption."""

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmpretrain.structures import DataSample

from agmax_mm.engine.hooks import SetProgressHook
from agmax_mm.engine.runner import Runner
from agmax_mm.registry import DATASETS, HOOKS

STEPS_PER_EPOCH, EPOCHS = 3, 2
STEPS = STEPS_PER_EPOCH * EPOCHS


@DATASETS.register_module(name='ProgressNoise')
class _Noise(torch.utils.data.Dataset):
    def __len__(self):
        return 4 * STEPS_PER_EPOCH

    def __getitem__(self, index):
        image = torch.randint(256, (3, 8, 8), generator=torch.Generator().manual_seed(index), dtype=torch.uint8)
        return {'inputs': [image, image.flip(2)], 'data_samples': DataSample().set_gt_label(index % 4)}


@HOOKS.register_module(name='ProgressRecorder')
class _Recorder(Hook):
    """Notes the probabilities by which the step that has ended was mixed."""

    def before_run(self, runner):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        model = runner.model
        scheduled = [model.data_preprocessor.batch_augments.augments[0], model.feature_mix.mix]
        self.seen.append([augment.probability() for augment in scheduled])


@HOOKS.register_module(name='ProgressStopper')
class _Stopper(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == STEPS_PER_EPOCH + 1:
            raise KeyboardInterrupt


def _runner(folder, *, hooks=('agmax_mm.SetProgressHook',), resume=False, by_epoch=True):
    scheduled = dict(type='agmax_mm.ScheduledCutMix')
    train_cfg = dict(by_epoch=True, max_epochs=EPOCHS) if by_epoch else dict(by_epoch=False, max_iters=STEPS)
    config = Config(
        dict(
            default_scope='mmpretrain',
            model=dict(
                type='agmax_mm.AgMaxClassifier',
                backbone=dict(type='agmax_mm.WideResNet', depth=10, widen_factor=1),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(type='LinearClsHead', num_classes=4, in_channels=64),
                agreement='mi',
                feature_mix=dict(type='agmax_mm.FeatureMix', mix=dict(scheduled, prob=0.5), layers=[1]),
                data_preprocessor=dict(batch_augments=dict(augments=[dict(scheduled)], probs=[1.0])),
            ),
            train_dataloader=dict(
                batch_size=4,
                num_workers=0,
                sampler=dict(type='DefaultSampler' if by_epoch else 'InfiniteSampler', shuffle=True),
                collate_fn=dict(type='default_collate'),
                dataset=dict(type='agmax_mm.ProgressNoise'),
            ),
            train_cfg=train_cfg,
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
            default_hooks=dict(logger=None, checkpoint=dict(type='CheckpointHook', interval=1)),
            custom_hooks=[dict(type=kind) for kind in (*hooks, 'agmax_mm.ProgressRecorder')],
            work_dir=str(folder),
            experiment_name=f'{folder.name}-{resume}',
            resume=resume,
            launcher='none',
            randomness=dict(seed=0),
            log_level='WARNING',
        )
    )
    return Runner.from_cfg(config)


def _seen(runner):
    return next(hook.seen for hook in runner.hooks if isinstance(hook, _Recorder))


@pytest.mark.parametrize('by_epoch', [True, False], ids=['epochs', 'iterations'])
def test_the_fraction_of_each_step(by_epoch, tmp_path):
    """From 0 in the first step; a batch augmentation and one inside of the network are both told."""
    runner = _runner(tmp_path, by_epoch=by_epoch)
    runner.train()
    assert _seen(runner) == [[step / STEPS, 0.5 * step / STEPS] for step in range(STEPS)]


def test_a_resumed_run_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _runner(tmp_path, hooks=('agmax_mm.SetProgressHook', 'agmax_mm.ProgressStopper')).train()
    runner = _runner(tmp_path, resume=True)
    runner.train()
    assert _seen(runner) == [[step / STEPS, 0.5 * step / STEPS] for step in range(STEPS_PER_EPOCH, STEPS)]


def test_without_the_hook_the_run_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"ScheduledCutMix: .* add dict\(type='agmax_mm.SetProgressHook'\) to "):
        _runner(tmp_path, hooks=()).train()


def test_modules_are_told_and_others_left_alone():
    class Listener(torch.nn.Identity):
        def set_progress(self, fraction):
            self.fraction = fraction

    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Sequential(Listener()))
    model.image_augments = [Listener(), object()]

    class _Run:
        iter, max_iters = 3, 12

    run, hook = _Run(), SetProgressHook()
    run.model = model
    hook.before_train_epoch(run)
    hook.before_train_iter(run, 0)
    assert model[1][0].fraction == model.image_augments[0].fraction == 0.25
