"""Lighting: no limit at white."""

import pytest
import torch

from agmax_mm.functional import pca_lighting
from agmax_mm.registry import BATCH_AUGMENTS


@pytest.mark.parametrize('grey', [0, 255])
def test_lighting_goes_beyond_black_and_white(grey):
    """In the papers' own words: the shift is added to the image in [0, 1], unclamped, before normalisation."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]))
    images = (torch.full((64, 3, 2, 2), float(grey)) - mean) / std
    before = images.clone()
    lighting = BATCH_AUGMENTS.build(dict(type='agmax_mm.PCALighting', alpha_std=0.1))
    torch.manual_seed(0)
    result = lighting(images, std)
    torch.manual_seed(0)
    shift = pca_lighting(64, alpha_std=0.1)[:, :, None, None]
    expected = (grey / 255 + shift - mean / 255) / (std / 255)
    torch.testing.assert_close(result, expected.expand_as(result), atol=1e-5, rtol=1e-5)
    pixels = result * std + mean
    assert pixels.min() < grey < pixels.max()
    assert (pixels - grey).abs().max() < 0.1 * 255 * 4 * 0.3  # no wrap-around
    assert torch.equal(images, before)


def test_bad_strength():
    with pytest.raises(ValueError, match='PCALighting.alpha_std: expected a number of at least 0, got -1'):
        BATCH_AUGMENTS.build(dict(type='agmax_mm.PCALighting', alpha_std=-1))
