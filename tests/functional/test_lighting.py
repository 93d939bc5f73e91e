import pytest
import torch

from agmax_mm.functional import pca_lighting


def test_covariance_of_the_shifts():
    """The shift is E diag(eigenvalues) alpha, so its covariance is std^2 E diag(eigenvalues^2) E^T."""
    vectors = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
    values = torch.tensor([0.2175, 0.0188, 0.0045])
    expected = 0.01 * vectors @ torch.diag(values**2) @ vectors.T
    shifts = pca_lighting(200_000, alpha_std=0.1, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.cov(shifts.T), expected, rtol=0.02, atol=1e-7)
    assert shifts.mean(0).abs().max() < 2e-4


def test_bad_input():
    with pytest.raises(ValueError, match='alpha_std'):
        pca_lighting(1, alpha_std=-0.1)
