"""The forms that the suites compare are the same training, but for what they are said to differ in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.suites import training_step
from benchmarks.suites.gpu import plain_step
from benchmarks.suites.step import _agreement_step
from benchmarks.suites.training_step import Form, build_model, make_step

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Networks that take no time."""
    tiny = ({'type': 'agmax_mm.WideResNet', 'depth': 10, 'widen_factor': 1}, 64, 10, 16)
    monkeypatch.setitem(training_step.NETWORKS, 'ResNet-50', tiny)


def test_forms_train_alike_and_are_what_they_say():
    form = Form(images=4, agreement='mi')
    losses = [make_step(form)() for _ in range(2)]
    assert {'loss', 'loss_cls', 'loss_agreement', 'mutual_info'} <= losses[0].keys()
    assert torch.equal(losses[0]['loss'], losses[1]['loss'])
    for changes, tolerance in (
        ({'channels_last': True}, 1e-5),
        ({'checkpointing': True}, 1e-7),
        ({'half': True}, 1e-2),
    ):
        changed = make_step(Form(images=4, agreement='mi', **changes))()
        assert float(changed['loss']) == pytest.approx(float(losses[0]['loss']), rel=tolerance)
    one_view = make_step(Form(images=8, views=1))()
    assert 'loss_agreement' not in one_view
    model = build_model(Form(channels_last=True, checkpointing=True))
    convolution = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last)


def test_steps_change_the_weights(monkeypatch):
    built = []
    real = training_step.build_model
    monkeypatch.setattr(training_step, 'build_model', lambda form: built.append(real(form)) or built[-1])
    step = make_step(Form(images=4, agreement='mi_qnet'))
    before = {name: value.clone() for name, value in built[0].named_parameters()}
    step()
    unchanged = {name for name, value in built[0].named_parameters() if torch.equal(value, before[name])}
    # Those of normalisation may change by less than float32 resolves at 1.
    assert not {name for name in unchanged if before[name].ndim > 1}


@pytest.mark.parametrize('name', ['mi', 'mi_qnet'])
def test_the_agreement_alone_is_all_of_it(name, monkeypatch):
    """Its parameters are updated, and its gradient reaches the logits."""
    seen = []
    monkeypatch.setattr(torch.Tensor, 'backward', lambda self, *a, **k: seen.append(self) or None)
    _agreement_step(name, Form(images=4))()
    assert len(seen) == 1
    assert seen[0].requires_grad
    assert torch.isfinite(seen[0])


def test_stages_up_to_the_first_step(tmp_path):
    from benchmarks.suites.startup import _CONFIG, _write_images

    _write_images(tmp_path / 'data')
    command = [sys.executable, '-m', 'benchmarks.suites.first_step', str(_CONFIG), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    assert '"start training, first step"' in (tmp_path / 'stages.json').read_text()


def test_the_plain_loop_trains_as_the_package_does():
    """What the package is compared with on a GPU is the same training: equal losses, step by step."""
    form = Form(images=4, views=1)
    plain, ours = plain_step(form), make_step(form)
    losses = [(float(plain()), float(ours()['loss'])) for _ in range(3)]
    for one, other in losses:
        assert one == pytest.approx(other, rel=1e-5)
    assert losses[0][0] != losses[2][0]
