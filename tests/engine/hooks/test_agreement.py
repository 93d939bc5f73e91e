"""The agreement's hooks in real runs: the weight over time, and the monitors in every log."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.engine.hooks import AgreementMonitorHook, AgreementWeightHook
from agmax_mm.engine.hooks.agreement import agreement_monitors
from agmax_mm.engine.runner import Runner
from agmax_mm.fileio import load_checkpoint_file
from agmax_mm.registry import DATASETS, HOOKS
from tests import reference
from tests.ranks import run_ranks

CLASSES, IMAGES, BATCH = 4, 12, 4


@DATASETS.register_module(name='NoiseViews')
class _Views(torch.utils.data.Dataset):
    """Noise, in one or more views."""

    def __init__(self, views, images=IMAGES):
        self.views = views
        self.images = images

    def __len__(self):
        return self.images

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        views = [torch.randint(256, (3, 8, 8), generator=generator, dtype=torch.uint8) for _ in range(self.views)]
        sample = DataSample(metainfo={'sample_idx': index}).set_gt_label(index % CLASSES)
        return {'inputs': views if self.views > 1 else views[0], 'data_samples': sample}


def _runner(
    folder,
    *,
    agreement='mi',
    views=2,
    second_view=None,
    epochs=3,
    hooks=(),
    backends=(),
    images=IMAGES,
    record_interval=1,
    launcher='none',
):
    config = Config(
        dict(
            default_scope='mmpretrain',
            model=dict(
                type='agmax_mm.AgMaxClassifier',
                backbone=dict(type='agmax_mm.WideResNet', depth=10, widen_factor=1),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64),
                agreement=agreement,
                num_views=max(views, 2),
                second_view=second_view,
                init_std=0.2,  # confident enough for the agreement to be a number
                data_preprocessor=dict(mean=[128.0] * 3, std=[64.0] * 3),
            ),
            train_dataloader=dict(
                batch_size=BATCH,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=True),
                collate_fn=dict(type='default_collate'),
                dataset=dict(type='agmax_mm.NoiseViews', views=views, images=images),
            ),
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
            default_hooks=dict(
                logger=dict(type='LoggerHook', interval=1),
                checkpoint=None,
                run_record=dict(type='agmax_mm.RunRecordHook', interval=record_interval),
            ),
            custom_hooks=list(hooks),
            visualizer=dict(type='UniversalVisualizer', vis_backends=list(backends)),
            work_dir=str(folder),
            randomness=dict(seed=0),
            launcher=launcher,
            experiment_name=folder.name,
        )
    )
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return Runner.from_cfg(config)


def _points(folder):
    return json.loads((folder / 'result.json').read_text())['history']['train']


@pytest.mark.parametrize(
    ('options', 'places', 'factors'),
    [
        (dict(end=10), [0, 1, 5, 10, 99], [0, 0.1, 0.5, 1, 1]),
        (dict(begin=2, end=4, start_factor=1.0, end_factor=0.2), [0, 2, 3, 4, 9], [1, 1, 0.6, 0.2, 0.2]),
        (dict(end=4, shape='cosine'), [0, 1, 2, 3, 4], [0, 0.5 - math.sqrt(0.125), 0.5, 0.5 + math.sqrt(0.125), 1]),
    ],
)
def test_factors(options, places, factors):
    hook = AgreementWeightHook(**options)
    assert [hook.factor(place) for place in places] == pytest.approx(factors, abs=1e-12)


@pytest.mark.parametrize('by_epoch', [True, False])
def test_the_weight_follows_the_run(tmp_path, by_epoch):
    weight = dict(type='agmax_mm.AgreementWeightHook', end=2 if by_epoch else 6, by_epoch=by_epoch)
    monitor = dict(type='agmax_mm.AgreementMonitorHook', interval=1)
    agreement = dict(type='agmax_mm.MutualInfoAgreement', loss_weight=0.5)
    runner = _runner(tmp_path, agreement=agreement, hooks=[weight, monitor])
    runner.train()
    factors = [0.0] * 3 + [0.5] * 3 + [1.0] * 3 if by_epoch else [min(step / 6, 1) for step in range(9)]
    points = _points(tmp_path)
    # What entered the objective, not what the hook says of itself.
    weights = [-point['loss_agreement'] / point['mutual_info'] for point in points]
    assert weights == pytest.approx([0.5 * factor for factor in factors], rel=1e-5, abs=1e-9)
    logged = runner.message_hub.get_scalar('train/agreement_weight')._log_history[-9:]
    assert list(logged) == pytest.approx([0.5 * factor for factor in factors])


def test_no_agreement_no_weight(tmp_path):
    runner = _runner(tmp_path, agreement='none', hooks=[dict(type='agmax_mm.AgreementWeightHook', end=2)])
    with pytest.raises(ValueError, match='AgreementWeightHook: expected a model with an agreement, got one without'):
        runner.train()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(end=2, begin=2), 'expected 0 <= begin < end, got begin=2 and end=2'),
        (dict(end=2, start_factor=-1.0), 'expected factors of at least 0, got -1.0 and 1.0'),
        (dict(end=2, shape='steps'), "shape: expected one of linear, cosine, got 'steps'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        AgreementWeightHook(**options)
    with pytest.raises(ValueError, match='interval: expected at least 1, got 0'):
        AgreementMonitorHook(interval=0)


def test_monitors_against_literal_versions():
    views = reference.batch_logits(0, 8, CLASSES, views=3)
    monitors = agreement_monitors(views)
    pairs = [(views[0], views[1]), (views[0], views[2]), (views[1], views[2])]
    information = sum(reference.mutual_information(a, b) for a, b in pairs) / 3
    assert monitors['mutual_info'].item() == pytest.approx(information, rel=1e-9)
    for letter, view in zip('abc', views, strict=True):
        assert monitors[f'entropy_{letter}'].item() == pytest.approx(reference.pair_entropy(view), rel=1e-9)
    classes = [view.argmax(1).tolist() for view in views]
    agreeing = [len({a, b, c}) == 1 for a, b, c in zip(*classes, strict=True)]
    assert monitors['view_agreement'].item() == pytest.approx(sum(agreeing) / 8)
    assert set(monitors) == {'mutual_info', 'view_agreement', 'entropy_a', 'entropy_b', 'entropy_c'}
    assert not any('loss' in name for name in monitors)  # the host would add it to the objective


def _monitor(rank):
    views = [view[4 * rank : 4 * rank + 4] for view in reference.batch_logits(0, 8, CLASSES)]
    return {name: value.item() for name, value in agreement_monitors(views).items()}


def test_monitors_are_of_the_global_batch(tmp_path):
    whole = agreement_monitors(reference.batch_logits(0, 8, CLASSES))
    for monitors in run_ranks(_monitor, 2, tmp_path):
        for name in ('mutual_info', 'entropy_a', 'entropy_b'):
            assert monitors[name] == pytest.approx(whole[name].item(), rel=1e-9)


class _Given(torch.nn.Module):  # its inputs are the logits
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Identity()

    def forward(self, inputs, data_samples, mode='loss'):
        return self.head(inputs)


def test_monitors_of_part_of_the_second_view():
    """Four images, sure of their classes 0, 1, 2 and 3; the first two have a view B, of the classes 0 and 2."""
    logged, outputs = {}, {}
    runner = SimpleNamespace(model=_Given(), message_hub=SimpleNamespace(update_scalar=logged.__setitem__), iter=0)
    hook = AgreementMonitorHook(interval=1)
    hook.before_train(runner)
    logits = 1000.0 * torch.eye(CLASSES)[[0, 1, 2, 3, 0, 2]]
    runner.model(logits, [DataSample(metainfo={'num_views': 2}) for _ in range(8)])
    hook.after_train_iter(runner, 0, {'data_samples': [None] * 4}, outputs)
    # Of the two images with both views: each view predicts two classes equally often, and one tells the other. Made
    # symmetric, the joint probabilities are 1/2 of (0, 0) and 1/4 of (1, 2) and of (2, 1).
    expected = {
        'mutual_info': 1.5 * math.log(2),
        'view_agreement': 0.5,
        'entropy_a': math.log(2),
        'entropy_b': math.log(2),
    }
    assert outputs == pytest.approx(expected, rel=1e-5)
    assert logged == {f'train/{name}': value for name, value in outputs.items()}
    hook.after_train(runner)
    assert not runner.model._forward_pre_hooks
    assert not runner.model.head._forward_hooks


def _uneven(rank, folder):
    """One step: four images in the first process and two in the second, two of each with a view B."""
    hook = dict(type='agmax_mm.AgreementMonitorHook', interval=1)
    options = dict(images=[8, 4][rank], second_view=dict(share=0.5), epochs=1, launcher='pytorch')
    runner = _runner(Path(folder) / f'run{rank}', agreement='none', hooks=[hook], **options)
    seen = []
    runner.model.module.head.register_forward_hook(lambda module, args, logits: seen.append(logits.detach().double()))
    runner.train()
    (logits,) = seen
    names = ('mutual_info', 'entropy_a', 'entropy_b')
    return logits, {name: float(runner.message_hub.get_scalar(f'train/{name}').current()) for name in names}


def test_processes_of_different_batches_monitor_together(tmp_path):
    (first, monitors), (second, others) = run_ranks(_uneven, 2, tmp_path, str(tmp_path))
    assert (len(first), len(second)) == (6, 4)
    a, b = torch.cat([first[:2], second[:2]]), torch.cat([first[4:], second[2:]])
    assert monitors == others
    assert monitors['mutual_info'] == pytest.approx(reference.mutual_information(a, b), rel=1e-4, abs=1e-6)
    assert monitors['entropy_a'] == pytest.approx(reference.pair_entropy(a), rel=1e-5)
    assert monitors['entropy_b'] == pytest.approx(reference.pair_entropy(b), rel=1e-5)


def test_monitors_reach_the_log_the_record_and_tensorboard(tmp_path):
    """Of the two-view control, which has no agreement that could report anything."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _runner(tmp_path / 'plain', agreement='none').train()
    runner = _runner(
        tmp_path,
        agreement='none',
        hooks=[dict(type='agmax_mm.AgreementMonitorHook', interval=2)],
        backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
    )
    runner.train()
    points = _points(tmp_path)
    names = ('mutual_info', 'view_agreement', 'entropy_a', 'entropy_b')
    assert all(('mutual_info' in point) == (point['iter'] % 2 == 0) for point in points)
    assert all(0 <= point[name] <= math.log(CLASSES) for point in points[1::2] for name in names)
    assert [point['loss'] for point in points] == [point['loss'] for point in _points(tmp_path / 'plain')]
    assert all(point['loss'] == point['loss_cls'] for point in points)
    assert not runner.model.head._forward_hooks  # a trained model is a plain one

    (scalars,) = tmp_path.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in scalars.read_text().splitlines()]
    events = EventAccumulator(str(next(tmp_path.glob('*/vis_data/events.*'))))
    events.Reload()
    for name in names:
        assert lines[1][name] == pytest.approx(points[1][name], rel=1e-5)
        values = {event.step: event.value for event in events.Scalars(name)}
        assert values[2] == pytest.approx(points[1][name], rel=1e-5)


def test_the_record_averages_what_comes_with_some_steps_only(tmp_path):
    hook = dict(type='agmax_mm.AgreementMonitorHook', interval=2)
    runner = _runner(tmp_path, agreement='none', hooks=[hook], record_interval=3)
    runner.train()
    seen = runner.message_hub.get_scalar('train/entropy_a')._log_history[-4:]  # steps 2, 4, 6 and 8
    got = [point['entropy_a'] for point in _points(tmp_path)]
    assert got == pytest.approx([seen[0], (seen[1] + seen[2]) / 2, seen[3]], rel=1e-6)
    losses = runner.message_hub.get_scalar('train/loss')._log_history[-9:].reshape(3, 3).mean(axis=1)
    assert [point['loss'] for point in _points(tmp_path)] == pytest.approx(list(losses), rel=1e-6)


@HOOKS.register_module(name='BreakWeights')
class _BreakWeights(Hook):
    """What a learning rate far too high does, at a known step."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 4:
            runner.model.head.fc.bias.data[0] = float('nan')


def test_the_last_good_checkpoint_survives_a_network_that_breaks(tmp_path):
    runner = _runner(tmp_path, hooks=[dict(type='agmax_mm.BreakWeights')])
    runner.register_hook(dict(type='CheckpointHook', interval=1))
    with pytest.raises(ValueError, match=r'step 5: expected finite logits, got NaN .* for 8 of 8 images'):
        runner.train()
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_1.pth']
    state = load_checkpoint_file(tmp_path / 'epoch_1.pth')['state_dict']
    assert all(torch.isfinite(tensor).all() for tensor in state.values())


def test_one_view_has_nothing_to_monitor(tmp_path):
    runner = _runner(
        tmp_path, agreement=None, views=1, epochs=1, hooks=[dict(type='agmax_mm.AgreementMonitorHook', interval=1)]
    )
    runner.train()
    assert all('mutual_info' not in point and 'loss' in point for point in _points(tmp_path))
