"""Real pictures to measure on."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Of ordinary size for ImageNet.
_WIDTH, _HEIGHT = 500, 375
_QUALITY = 92
# Pictures inside scikit-image's package.
_NAMES = ('astronaut', 'chelsea', 'coffee', 'rocket')
_SMALL = 32


def jpeg_files(folder: Path | None, count: int) -> list[bytes]:
    """Contents of ``count`` JPEG files: of a folder, in the order of names, or of pictures inside scikit-image.

    The latter are parts of its photographs at 500 x 375 pixels.

    Raises:
        ValueError: If the folder holds no JPEG file.
    """
    if folder is None:
        return [_encoded(part) for part in _parts(count)]
    paths = sorted(path for path in folder.rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg'))[:count]
    if not paths:
        raise ValueError(f'--images: expected JPEG files in {str(folder)!r}, got none')
    return [path.read_bytes() for path in paths]


def large(content: bytes, side: int = 2000) -> bytes:
    """The same picture as a JPEG file with ``side`` pixels along its longer side, as cameras make them."""
    picture = Image.open(io.BytesIO(content)).convert('RGB')
    factor = side / max(picture.size)
    return _encoded(picture.resize((round(picture.width * factor), round(picture.height * factor))))


def small_images(contents: list[bytes], count: int) -> NDArray[np.uint8]:
    """Pictures of 32 x 32 pixels cut from files, shape ``(count, 32, 32, 3)``, in RGB order."""
    generator = np.random.default_rng(0)
    pictures = [Image.open(io.BytesIO(content)).convert('RGB').resize((128, 96)) for content in contents[:64]]
    parts = []
    for index in range(count):
        picture = pictures[index % len(pictures)]
        left, top = (int(generator.integers(side - _SMALL + 1)) for side in picture.size)
        parts.append(np.asarray(picture.crop((left, top, left + _SMALL, top + _SMALL))))
    return np.stack(parts)


def _parts(count: int) -> list[Image.Image]:
    import skimage.data

    generator = np.random.default_rng(0)
    pictures = [Image.fromarray(getattr(skimage.data, name)()) for name in _NAMES]
    parts = []
    for index in range(count):
        picture = pictures[index % len(pictures)]
        width = int(generator.integers(picture.width // 2, picture.width + 1))
        height = min(width * _HEIGHT // _WIDTH, picture.height)
        left = int(generator.integers(picture.width - width + 1))
        top = int(generator.integers(picture.height - height + 1))
        parts.append(picture.crop((left, top, left + width, top + height)).resize((_WIDTH, _HEIGHT)))
    return parts


def _encoded(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, 'JPEG', quality=_QUALITY)
    return file.getvalue()
