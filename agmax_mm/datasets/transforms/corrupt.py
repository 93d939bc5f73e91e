"""Corruptions of ImageNet-C on images of any size."""

from __future__ import annotations

import hashlib
import inspect
import io
import zlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image as Picture

from agmax_mm.datasets.archives import unpacked_path
from agmax_mm.datasets.transforms.corruptions import CORRUPTIONS, Image
from agmax_mm.fileio import atomic_path
from agmax_mm.randomness import seeded
from agmax_mm.registry import TRANSFORMS

SEVERITIES = (1, 2, 3, 4, 5)
# The 15 that ImageNet-C scores, and the four that it keeps for validation.
SCORED = (
    'gaussian_noise',
    'shot_noise',
    'impulse_noise',
    'defocus_blur',
    'glass_blur',
    'motion_blur',
    'zoom_blur',
    'snow',
    'frost',
    'fog',
    'brightness',
    'contrast',
    'elastic_transform',
    'pixelate',
    'jpeg_compression',
)
EXTRA = ('speckle_noise', 'gaussian_blur', 'spatter', 'saturate')
_SMALLEST = 32  # pixels, the library's limit
# Version of the corruptions. A new version makes cached images invalid.
_VERSION = 1


@TRANSFORMS.register_module()
class Corrupt(BaseTransform):
    """One of the 19 corruptions of Hendrycks and Dietterich (ICLR 2019).

    Most are the package ``imagecorruptions``'; see :mod:`agmax_mm.datasets.transforms.corruptions` for those that are
    not. Required key: ``img``, and, for a seed, ``img_path`` or ``sample_idx``. Modified key: ``img``, BGR and uint8 as
    before. For images like ImageNet-C's put it behind resizing and cropping, for whole images first after loading.

    Args:
        corruption: Its name, such as ``'gaussian_noise'`` or ``'fog'``.
        severity: 1 to 5.
        seed: With a number, an image's corruption is drawn from it, the corruption, the severity and the path of the
            image's file, so that all models see the same images. ``None`` draws anew each time, for training.
        root: Folder that the paths are taken relative to, so that a data set draws alike wherever it lies.
        jpeg_quality: Write the result as JPEG and read it again, as the stored ImageNet-C was with 85; ``None``: don't.
        cache: Folder to keep results in, found again by the image's content; needs a seed. ``None`` makes them anew.

    Raises:
        ValueError: If an argument is unknown, the package is missing, or an image is not of shape (H, W, 3), uint8 and
            at least 32 pixels a side.
    """

    def __init__(
        self,
        corruption: str,
        severity: int = 1,
        seed: int | None = 0,
        root: str | None = None,
        jpeg_quality: int | None = None,
        cache: str | None = None,
    ) -> None:
        try:
            # Compiles and loads scipy, scikit-image and numba: only where it is used.
            from imagecorruptions import corrupt, corruption_dict
        except ImportError as error:
            raise ValueError(f'Corrupt: expected the package imagecorruptions-imaug, got {error}') from None
        if corruption not in corruption_dict:
            raise ValueError(f'Corrupt.corruption: expected one of {", ".join(corruption_dict)}, got {corruption!r}')
        if severity not in SEVERITIES:
            raise ValueError(f'Corrupt.severity: expected 1 to 5, got {severity!r}')
        if seed is not None and seed < 0:
            raise ValueError(f'Corrupt.seed: expected None or at least 0, got {seed}')
        if jpeg_quality is not None and not 1 <= jpeg_quality <= 100:
            raise ValueError(f'Corrupt.jpeg_quality: expected None or 1 to 100, got {jpeg_quality!r}')
        if cache is not None and seed is None:
            raise ValueError('Corrupt.cache: expected a seed beside it, got None, which draws anew each time')
        self.corruption = corruption
        self.severity = severity
        self.seed = seed
        self.root = root
        self.jpeg_quality = jpeg_quality
        self.cache = cache
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
            results['img'] = self._finished(self._corrupted(image))
        elif self.cache is None:
            results['img'] = self._finished(self._drawn(image, self._name(where)))
        else:
            results['img'] = _decoded(self._kept(image, self._name(where)))
        return results

    def _name(self, where: str) -> str:
        """An image's name: its path, relative to the root where it lies below it, and the same one in an archive."""
        path = Path(unpacked_path(where))
        if self.root is not None and path.is_relative_to(root := unpacked_path(self.root)):
            path = path.relative_to(root)
        return path.as_posix()

    def _kept(self, image: Image, name: str) -> bytes:
        """The result as a file's content, from the cache if it is there."""
        assert self.cache is not None
        # Whatever the result depends on, but for what the path of the file says.
        facts = (name, self.seed, self.jpeg_quality, image.shape, _VERSION, version('imagecorruptions-imaug'))
        key = hashlib.blake2b(image.tobytes() + repr(facts).encode(), digest_size=16).hexdigest()
        suffix = '.png' if self.jpeg_quality is None else '.jpg'
        path = Path(self.cache, self.corruption, str(self.severity), key[:2], key + suffix)
        if path.is_file():
            return path.read_bytes()
        content = _encoded(self._drawn(image, name), self.jpeg_quality)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
        return content

    def _drawn(self, image: Image, name: str) -> Image:
        assert self.seed is not None
        with seeded(self.seed, zlib.crc32(f'{name} {self.corruption} {self.severity}'.encode())):
            return self._corrupted(image)

    def _corrupted(self, image: Image) -> Image:
        # The corruptions take RGB: some have a colour.
        rgb = np.ascontiguousarray(image[..., ::-1])
        if self.corruption in CORRUPTIONS:
            corrupted = CORRUPTIONS[self.corruption](rgb, self.severity)
        else:
            options = {'seed': int(np.random.randint(2**31))} if self._takes_seed else {}
            corrupted = self._corrupt(rgb, severity=self.severity, corruption_name=self.corruption, **options)
        return np.ascontiguousarray(corrupted[..., ::-1])

    def _finished(self, image: Image) -> Image:
        return image if self.jpeg_quality is None else _decoded(_encoded(image, self.jpeg_quality))

    def __repr__(self) -> str:
        """The corruption and what it does not do by default."""
        options = {'root': self.root, 'jpeg_quality': self.jpeg_quality}
        given = ''.join(f', {name}={value!r}' for name, value in options.items() if value is not None)
        return (
            f'{type(self).__name__}(corruption={self.corruption!r}, severity={self.severity}, seed={self.seed}{given})'
        )


def _encoded(image: Image, jpeg_quality: int | None) -> bytes:
    """An image as a PNG file, or as JPEG by Pillow, which the authors used."""
    if jpeg_quality is None:
        return cv2.imencode('.png', image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    buffer = io.BytesIO()
    Picture.fromarray(image[..., ::-1]).save(buffer, 'JPEG', quality=jpeg_quality, optimize=True)
    return buffer.getvalue()


def _decoded(content: bytes) -> Image:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def check_corruptions(corruptions: Sequence[str], severities: Sequence[int]) -> None:
    """Refuse a choice of corruptions that cannot be made.

    Raises:
        ValueError: If there are none, or a name or a severity is unknown.
    """
    unknown = [name for name in corruptions if name not in (*SCORED, *EXTRA)]
    if unknown or not corruptions:
        raise ValueError(f'corruptions: expected some of {", ".join((*SCORED, *EXTRA))}, got {unknown or "none"}')
    if not severities or not set(severities) <= set(SEVERITIES):
        raise ValueError(f'severities: expected some of 1 to 5, got {severities}')
