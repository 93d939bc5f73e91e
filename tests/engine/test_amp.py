"""What --amp chooses, that it leaves everything else as it was, and that losses are computed in float32."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from agmax_mm.engine import amp
from agmax_mm.engine.amp import BFloat16OptimWrapper, bfloat16_gain, keep_logits_wide, use_channels_last
from agmax_mm.registry import MODELS
from tests.engine.small import CLASSES, make_runner, model_config
from tests.ranks import run_ranks


class Plain(nn.Module):
    """No classifier: a detector, to what chooses the precision."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 3)

    def train_step(self, data, optim_wrapper):
        raise NotImplementedError


def build(**changes):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(model_config(**changes))


def soft_model():
    """Trains on mixed labels, with the host's soft cross-entropy, which computes in the precision of the logits."""
    preprocessor = model_config()['data_preprocessor']
    augments = {'augments': [{'type': 'agmax_mm.MixUp'}], 'probs': [1.0]}
    return model_config(
        head={
            'type': 'LinearClsHead',
            'num_classes': CLASSES,
            'in_channels': 64,
            'loss': {'type': 'CrossEntropyLoss', 'use_soft': True},
        },
        data_preprocessor={**preprocessor, 'batch_augments': augments},
    )


def curve(work_dir):
    record = json.loads((work_dir / 'result.json').read_text())
    return record['amp'], [point['loss'] for point in record['history']['train']]


def lies_channels_last(model):
    return all(
        layer.weight.is_contiguous(memory_format=torch.channels_last)
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d)
    )


@pytest.fixture
def gain(monkeypatch):
    """Sets what the measurement finds; counts how often it is made."""
    found = {'gain': 2.0, 'measured': 0, 'shape': None}

    def measure(backbone, images):
        found['measured'] += 1
        found['shape'] = tuple(images.shape)
        return found['gain']

    monkeypatch.setattr(amp, 'bfloat16_gain', measure)
    monkeypatch.setattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', lambda: True)
    return found


def test_the_faster_precision_trains_and_a_resumed_run_keeps_it(tmp_path, gain):
    make_runner(tmp_path / 'plain').train()
    runs = {}
    for name, found in (('slower', 1.05), ('faster', 2.0)):
        gain['gain'] = found
        runner = make_runner(tmp_path / name, amp=True)
        runner.train()
        assert lies_channels_last(runner.model)
        runs[name] = runner
    assert gain['measured'] == 2
    assert gain['shape'] == (4, 3, 16, 16)  # a batch of the loader's images
    assert not isinstance(runs['slower'].optim_wrapper, BFloat16OptimWrapper)
    assert isinstance(runs['faster'].optim_wrapper, BFloat16OptimWrapper)
    plain, slower, faster = (curve(tmp_path / name) for name in ('plain', 'slower', 'faster'))
    assert (plain[0], slower[0], faster[0]) == (None, 'float32', 'bfloat16')
    # The layout changes the order of sums; the precision changes what is summed.
    assert slower[1] == pytest.approx(plain[1], rel=1e-5)
    assert faster[1] == pytest.approx(plain[1], rel=1e-2)
    assert faster[1] != pytest.approx(plain[1], rel=1e-6)

    gain['gain'] = 1.0
    resumed = make_runner(tmp_path / 'faster', amp=True, epochs=2, resume=True)
    resumed.train()
    assert gain['measured'] == 2
    assert isinstance(resumed.optim_wrapper, BFloat16OptimWrapper)
    assert len(curve(tmp_path / 'faster')[1]) == 4


def test_bfloat16_can_be_forced(tmp_path, gain):
    gain['gain'] = 0.5
    runner = make_runner(tmp_path, model=soft_model(), amp='bf16')
    seen = []
    runner.model.head.loss_module.register_forward_pre_hook(lambda module, args: seen.extend(arg.dtype for arg in args))
    runner.train()
    assert gain['measured'] == 0
    assert isinstance(runner.optim_wrapper, BFloat16OptimWrapper)
    assert set(seen) == {torch.float32}
    with pytest.raises(ValueError, match="amp: expected True, False or 'bf16', got 'fp16'"):
        make_runner(tmp_path, amp='fp16')
    with pytest.raises(ValueError, match="amp: expected True or False for Plain, as classifiers .* got 'bf16'"):
        make_runner(tmp_path, model=Plain(), amp='bf16')


def test_the_record_tells_the_precision_of_the_run_and_the_hash_of_the_recipe(tmp_path, gain):
    """Whatever the checkpoint that a run goes on from was trained in."""
    gain['gain'] = 1.0
    found = []
    for epochs, asked in enumerate(('bf16', False, True, 'bf16'), start=1):
        make_runner(tmp_path / 'run', epochs=epochs, resume=epochs > 1, amp=asked).train()
        found.append(curve(tmp_path / 'run')[0])
    assert found == ['bfloat16', None, 'float32', 'bfloat16']
    make_runner(tmp_path / 'plain', epochs=4).train()
    records = [json.loads((tmp_path / name / 'result.json').read_text()) for name in ('run', 'plain')]
    assert records[0]['config_sha256'] == records[1]['config_sha256']


@pytest.mark.parametrize('earlier', ['float16', 'bfloat16'])
def test_a_resumed_run_has_another_precision_where_the_device_lacks_its_own(tmp_path, gain, monkeypatch, earlier):
    make_runner(tmp_path).train()
    record = json.loads((tmp_path / 'result.json').read_text())
    (tmp_path / 'result.json').write_text(json.dumps({**record, 'amp': earlier}))
    if earlier == 'bfloat16':
        monkeypatch.setattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', lambda: False)
    runner = make_runner(tmp_path, amp=True, epochs=2, resume=True)
    runner.train()
    assert curve(tmp_path)[0] == runner.precision == ('float32' if earlier == 'bfloat16' else 'bfloat16')
    (log, *_) = sorted(tmp_path.glob('*/*.log'), key=lambda path: path.stat().st_mtime, reverse=True)
    assert f'; the run that is resumed had {earlier}, which cannot be had here' in log.read_text()


def chosen(rank, folder):
    """The precision of a run that measures something else in each process."""
    amp.bfloat16_gain = lambda backbone, images: [1.0, 2.0][rank]
    amp._has_bfloat16 = lambda: True
    runner = make_runner(Path(folder) / f'run{rank}', amp=True, launcher='pytorch')
    runner.train()
    return runner.precision, isinstance(runner.optim_wrapper, BFloat16OptimWrapper)


def test_all_processes_train_in_one_precision(tmp_path):
    assert run_ranks(chosen, 2, tmp_path, str(tmp_path)) == [('float32', False)] * 2


def test_without_the_instructions_nothing_is_measured(tmp_path, gain, monkeypatch):
    monkeypatch.setattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', lambda: False)
    make_runner(tmp_path, amp=True).train()
    assert (gain['measured'], curve(tmp_path)[0]) == (0, 'float32')


def test_the_measurement_leaves_no_trace():
    model = build(backbone={'type': 'agmax_mm.WideResNet', 'depth': 10, 'widen_factor': 1, 'drop_rate': 0.3})
    model.eval()
    images = torch.randn(2, 3, 16, 16)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(()).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    assert 0.01 < bfloat16_gain(model.backbone, images) < 100
    assert (random.random(), np.random.rand(), torch.rand(()).item()) == expected
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(parameter.grad is not None for parameter in model.parameters())
    assert not model.backbone.training


def test_a_frozen_backbone_can_be_measured():
    assert 0.01 < bfloat16_gain(nn.Conv2d(3, 4, 3).requires_grad_(False), torch.randn(2, 3, 8, 8)) < 100


def test_schedules_over_training_are_at_their_beginning_when_measured():
    class Scheduled(nn.Conv2d):
        progress = None

        def set_progress(self, fraction):
            self.progress = fraction

        def forward(self, images):
            assert self.progress == 0.0
            return super().forward(images)

    layer = Scheduled(3, 4, 3)
    bfloat16_gain(layer, torch.randn(2, 3, 8, 8))
    assert layer.progress is None


@pytest.mark.parametrize(
    ('classifier', 'gpu', 'gpu_has_it', 'expected'),
    [
        (True, True, True, 'bfloat16'),
        (True, True, False, 'float16'),
        (False, True, True, 'float16'),
        (False, False, False, 'float32'),
    ],
)
def test_choice_by_device_and_task(classifier, gpu, gpu_has_it, expected, monkeypatch):
    class Runner:
        model = build() if classifier else Plain()

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    # Emulated, it is slower than float32.
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda including_emulation=True: gpu_has_it)
    assert amp._choose(Runner)[0] == expected


@pytest.mark.parametrize('soft', [False, True])
def test_losses_are_computed_in_float32(soft):
    """The host's soft cross-entropy takes the logarithm in the precision of the logits."""
    loss = {'type': 'CrossEntropyLoss', 'use_soft': soft}
    model = build(head={'type': 'LinearClsHead', 'num_classes': CLASSES, 'in_channels': 64, 'loss': loss})
    keep_logits_wide(model)
    seen = []
    model.head.loss_module.register_forward_pre_hook(lambda module, args: seen.append(args[0].dtype))
    from mmpretrain.structures import DataSample

    samples = [DataSample(metainfo={'num_views': 2}) for _ in range(4)]
    for sample in samples:
        sample.set_gt_score(torch.full((CLASSES,), 1 / CLASSES)) if soft else sample.set_gt_label(1)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model.loss(torch.randn(4, 3, 16, 16), samples)
        logits = model(torch.randn(4, 3, 16, 16), mode='tensor')
    assert seen == [torch.float32]
    assert {value.dtype for value in losses.values()} == {torch.float32}
    # Autocast was on: the last layer computed in bfloat16.
    assert torch.equal(logits.bfloat16().float(), logits)


def test_detectors_keep_their_layout():
    """Their RoIAlign reads the channels as if they came first."""
    detector = Plain()
    use_channels_last(detector)
    assert not lies_channels_last(detector)
    operators = pytest.importorskip('mmcv.ops')
    if 'agmax_mm' in operators.get_compiler_version():
        pytest.skip('the stand-ins read both layouts')
    roi_align = operators.roi_align
    maps, rois = torch.randn(1, 4, 8, 8), torch.tensor([[0.0, 1, 1, 6, 6]])
    first = roi_align(maps, rois, (2, 2))
    if torch.allclose(first, roi_align(maps.to(memory_format=torch.channels_last), rois, (2, 2))):
        pytest.fail('mmcv reads both layouts by now: detectors may have channels_last')
