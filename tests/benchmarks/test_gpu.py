"""The suite of the GPU, as far as a processor can run it."""

import pytest
import torch

from benchmarks.suites import feeding, gpu
from benchmarks.suites.suite import Options
from benchmarks.suites.training_step import Form


def test_without_a_gpu_it_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match='benchmark gpu: expected an NVIDIA GPU that torch sees, got none'):
        gpu.run(Options())


def test_the_plain_step_trains_the_network():
    """The loss of one batch falls from step to step."""
    form = Form(network='WRN-40-2', images=4, views=1, device='cpu')
    step = gpu.plain_step(form)
    losses = [float(step()) for _ in range(6)]
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_a_recipe_is_fed_by_its_own_loader(monkeypatch, tmp_path):
    for name, value in (('_IMAGES', 2), ('_STEPS', 2), ('_WARM_UP', 1), ('_FILES', 4)):
        monkeypatch.setattr(feeding, name, value)
    monkeypatch.setattr(feeding, 'usable_cores', lambda: 1)
    monkeypatch.setattr(torch.cuda, 'synchronize', lambda: None)
    (found,) = feeding.feed(tmp_path, Options()).values()
    assert 0 < found['waiting'] < found['step']
    assert (found['images'], found['steps']) == (2, 2)
    assert len(list((tmp_path / 'data' / 'train' / 'pictures').iterdir())) == 6
