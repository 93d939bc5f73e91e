"""Compiled networks train as others do, and checkpoints do not tell."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from agmax_mm.engine import compile as compile_module
from agmax_mm.engine.compile import compile_network
from tests.engine.small import make_runner


def trained(work_dir, *, epochs=1, resume=False, **options):
    runner = make_runner(work_dir, epochs=epochs, resume=resume, **options)
    runner.train()
    history = json.loads((work_dir / 'result.json').read_text())['history']['train']
    weights = torch.load(work_dir / f'epoch_{epochs}.pth', weights_only=False)['state_dict']
    return runner, [point['loss'] for point in history], weights


def check_same(plain, compiled):
    _, losses, weights = plain
    runner, compiled_losses, compiled_weights = compiled
    assert runner.model.backbone._compiled_call_impl is not None
    assert compiled_losses == pytest.approx(losses, rel=1e-5)
    assert compiled_weights.keys() == weights.keys()
    for name, value in weights.items():
        torch.testing.assert_close(compiled_weights[name], value, rtol=1e-3, atol=1e-5)


def test_compiled_runs_are_the_same(tmp_path):
    check_same(trained(tmp_path / 'plain'), trained(tmp_path / 'compiled', compile={'backend': 'aot_eager'}))


@pytest.mark.slow
def test_resumed_runs_with_generated_code_are_the_same(tmp_path):
    trained(tmp_path / 'compiled', compile=True)
    compiled = trained(tmp_path / 'compiled', epochs=2, resume=True, compile=True)
    assert len(compiled[1]) == 4
    check_same(trained(tmp_path / 'plain', epochs=2), compiled)


@pytest.mark.slow
def test_generated_code_drops_the_same():
    torch.manual_seed(0)
    net = nn.Module()
    net.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(0.5))
    images = torch.randn(2, 3, 8, 8)
    torch.manual_seed(1)
    expected = net.backbone(images)
    compile_network(net, True)
    torch.manual_seed(1)
    torch.testing.assert_close(net.backbone(images), expected)


@pytest.mark.parametrize(
    ('given', 'passed'),
    [
        (True, {'options': {'fallback_random': True}}),
        ({'dynamic': True}, {'dynamic': True, 'options': {'fallback_random': True}}),
        ({'mode': 'default'}, {'mode': 'default'}),
        ({'backend': 'eager'}, {'backend': 'eager'}),
    ],
)
def test_generated_code_is_told_to_draw_as_torch_does(monkeypatch, given, passed):
    """In a moment; what becomes of it, the slow tests see."""
    seen = []
    monkeypatch.setattr(compile_module, '_check_compiler', lambda: None)
    monkeypatch.setattr(nn.Module, 'compile', lambda self, **options: seen.append(options))
    net = nn.Module()
    net.backbone, net.neck = nn.Conv2d(3, 4, 3), None
    assert compile_network(net, given) == ['backbone']
    assert seen == [passed]


def test_mistakes_are_named(monkeypatch):
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    def none():
        raise InvalidCxxCompiler

    net = nn.Module()
    net.backbone = nn.Conv2d(3, 4, 3)
    monkeypatch.setattr(cpp_builder, 'get_cpp_compiler', none)
    with pytest.raises(ValueError, match=r'compile: expected a C\+\+ compiler'):
        compile_network(net, True)
    net.feature_mix = nn.Identity()
    with pytest.raises(ValueError, match='got one with feature_mix'):
        compile_network(net, {'backend': 'eager'})
