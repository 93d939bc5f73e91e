"""AlexNet's top-1 errors on ImageNet-C, and what they make of another network's errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

# In percent, severities 1 to 5; from the discussion of github.com/hendrycks/robustness, issue 10. The means are those
# that all later work divides by. JPEG compression is known there as its mean alone.
_BY_SEVERITY: dict[str, tuple[float, ...]] = {
    'gaussian_noise': (69.528, 82.542, 93.554, 98.138, 99.452),
    'shot_noise': (71.224, 85.108, 93.574, 98.182, 99.146),
    'impulse_noise': (78.374, 89.808, 94.870, 98.720, 99.548),
    'defocus_blur': (65.624, 73.202, 85.036, 91.364, 94.714),
    'glass_blur': (64.308, 75.054, 88.806, 91.622, 93.344),
    'motion_blur': (58.430, 70.048, 82.108, 89.750, 92.638),
    'zoom_blur': (70.008, 76.992, 80.784, 84.198, 87.198),
    'snow': (71.726, 88.392, 86.468, 91.870, 94.952),
    'frost': (61.390, 79.734, 88.790, 89.942, 93.430),
    'fog': (67.474, 76.050, 84.378, 87.260, 94.500),
    'brightness': (45.140, 48.502, 54.048, 62.166, 72.440),
    'contrast': (64.548, 76.150, 88.874, 97.760, 99.270),
    'elastic_transform': (52.596, 70.116, 55.686, 64.076, 80.554),
    'pixelate': (52.218, 54.620, 73.728, 87.092, 91.262),
}
_MEAN_ONLY = {'jpeg_compression': 60.65}
SCORED = (*_BY_SEVERITY, *_MEAN_ONLY)


def alexnet_mean(corruption: str) -> float:
    """AlexNet's mean error over the five severities, in percent; of the 15 scored corruptions."""
    known = _MEAN_ONLY.get(corruption)
    return math.fsum(_BY_SEVERITY[corruption]) / 5 if known is None else known


def corruption_error(corruption: str, errors: Sequence[float]) -> float:
    """CE: a network's mean error over the five severities by AlexNet's, in percent.

    Args:
        corruption: One of the 15 that ImageNet-C scores.
        errors: Errors at severities 1 to 5, in percent.

    Raises:
        ValueError: If there are not five.
    """
    if len(errors) != 5:
        raise ValueError(f'CE: expected the errors at 5 severities, got {len(errors)}')
    return 100 * (math.fsum(errors) / 5) / alexnet_mean(corruption)


def mean_corruption_error(errors: Mapping[str, Sequence[float]]) -> float:
    """mCE: mean of the 15 CEs, in percent. AlexNet's own is 100; the mean of the errors is another figure.

    Raises:
        ValueError: If a corruption is missing.
    """
    missing = [name for name in SCORED if name not in errors]
    if missing:
        raise ValueError(f'mCE: expected the errors of all 15 corruptions, got none of {", ".join(missing)}')
    return math.fsum(corruption_error(name, errors[name]) for name in SCORED) / len(SCORED)
