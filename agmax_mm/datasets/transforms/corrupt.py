"""Corruptions of ImageNet-C on images of any size."""

from __future__ import annotations

import inspect
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from agmax_mm.randomness import seeded
from agmax_mm.registry import TRANSFORMS

_SEVERITIES = (1, 2, 3, 4, 5)
_SMALLEST = 32  # pixels, the library's limit


@TRANSFORMS.register_module()
class Corrupt(BaseTransform):
    """One of the 19 corruptions of Hendrycks and Dietterich (ICLR 2019), by the package ``imagecorruptions``.

    Required key: ``img``, and, for a seed, ``img_path`` or ``sample_idx``. Modified key: ``img``, BGR and uint8 as
    before. Put it first after loading: severities are defined for whole images before any resizing.

    Args:
        corruption: Its name, such as ``'gaussian_noise'`` or ``'fog'``.
        severity: 1 to 5.
        seed: With a number, an image's corruption is drawn from it and the name of the image's file, so that all
            models see the same images. ``None`` draws anew each time, for training.

    Raises:
        ValueError: If an argument is unknown, the package is missing, or an image is not of shape (H, W, 3), uint8 and
            at least 32 pixels a side.
    """

    def __init__(self, corruption: str, severity: int = 1, seed: int | None = 0) -> None:
        try:
            # Compiles and loads scipy, scikit-image and numba: only where it is used.
            from imagecorruptions import corrupt, corruption_dict
        except ImportError as error:
            raise ValueError(f'Corrupt: expected the package imagecorruptions-imaug, got {error}') from None
        if corruption not in corruption_dict:
            raise ValueError(f'Corrupt.corruption: expected one of {", ".join(corruption_dict)}, got {corruption!r}')
        if severity not in _SEVERITIES:
            raise ValueError(f'Corrupt.severity: expected 1 to 5, got {severity!r}')
        if seed is not None and seed < 0:
            raise ValueError(f'Corrupt.seed: expected None or at least 0, got {seed}')
        self.corruption = corruption
        self.severity = severity
        self.seed = seed
        self._corrupt = corrupt
        # Two corruptions do not draw from numpy's global generator, but from a new one that they seed by themselves.
        self._takes_seed = 'seed' in inspect.signature(corruption_dict[corruption]).parameters

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Corrupt the image."""
        image = results['img']
        where = str(results.get('img_path') or f'sample {results.get("sample_idx")}')
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < _SMALLEST:
            raise ValueError(
                f'Corrupt: expected a uint8 image of (H, W, 3) and at least {_SMALLEST} pixels a side, got '
                f'{image.dtype} of {image.shape} for {where}'
            )
        if self.seed is None:
            results['img'] = self._corrupted(image)
        else:
            with seeded(self.seed, zlib.crc32(f'{Path(where).name} {self.corruption} {self.severity}'.encode())):
                results['img'] = self._corrupted(image)
        return results

    def _corrupted(self, image: np.ndarray) -> np.ndarray:
        options = {'seed': int(np.random.randint(2**31))} if self._takes_seed else {}
        # The library takes RGB: some corruptions have a colour.
        rgb = np.ascontiguousarray(image[..., ::-1])
        corrupted = self._corrupt(rgb, severity=self.severity, corruption_name=self.corruption, **options)
        return np.ascontiguousarray(corrupted[..., ::-1])

    def __repr__(self) -> str:
        """The corruption."""
        return f'{type(self).__name__}(corruption={self.corruption!r}, severity={self.severity}, seed={self.seed})'
