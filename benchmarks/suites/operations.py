"""Operations of the data path one by one: time, and difference from Pillow's or torchvision's result."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torchvision.transforms.functional as TF
from PIL import Image, ImageEnhance, ImageOps

from agmax_mm.datasets.encoded_image import Box, EncodedImage
from agmax_mm.datasets.transforms import geometry
from agmax_mm.datasets.transforms.crops import RandomResizedCrop
from agmax_mm.datasets.transforms.operations import OPERATIONS
from agmax_mm.datasets.transforms.pixels import Pixels
from benchmarks.suites.timing import interleave

_SIDE = 224
_CALLS = 20
_VALUES = 11  # of an operation's range

Plain = Callable[[Image.Image, float], Image.Image]


def _moved(image: Image.Image, coefficients: tuple[float, ...]) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.NEAREST)


_PLAIN: dict[str, Plain] = {
    'ShearX': lambda image, value: _moved(image, (1, value, 0, 0, 1, 0)),
    'ShearY': lambda image, value: _moved(image, (1, 0, 0, value, 1, 0)),
    'TranslateX': lambda image, value: _moved(image, (1, 0, value * image.width, 0, 1, 0)),
    'TranslateY': lambda image, value: _moved(image, (1, 0, 0, 0, 1, value * image.height)),
    'Rotate': lambda image, value: image.rotate(value),
    'AutoContrast': lambda image, _: ImageOps.autocontrast(image),
    'Invert': lambda image, _: ImageOps.invert(image),
    'Equalize': lambda image, _: ImageOps.equalize(image),
    'Solarize': lambda image, value: ImageOps.solarize(image, int(np.ceil(value))),
    'Posterize': lambda image, value: ImageOps.posterize(image, int(value)),
    'Contrast': lambda image, value: ImageEnhance.Contrast(image).enhance(value),
    'Color': lambda image, value: ImageEnhance.Color(image).enhance(value),
    'Brightness': lambda image, value: ImageEnhance.Brightness(image).enhance(value),
    'Sharpness': lambda image, value: ImageEnhance.Sharpness(image).enhance(value),
}


def operation_rows(content: bytes, rounds: int) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """Measure every operation on the central view of a JPEG file.

    Args:
        content: The file.
        rounds: Timed rounds.

    Returns:
        The values by the operation's name, and the rows of a table.
    """
    picture = Image.open(io.BytesIO(content)).convert('RGB')
    box = Box(picture.height // 8, picture.width // 8, 3 * picture.height // 4, 3 * picture.width // 4)
    array = _bgr(picture)
    view = TF.resized_crop(picture, *box, [_SIDE, _SIDE], antialias=True)
    ours = Pixels(_bgr(view))
    values = {
        'resized crop': _compared(
            [
                (
                    lambda: TF.resized_crop(picture, *box, [_SIDE, _SIDE], antialias=True),
                    lambda: Pixels(geometry.resized_crop(array, box, _SIDE)),
                )
            ],
            rounds,
        ),
        'mirror': _compared([(lambda: TF.hflip(view), lambda: geometry.flip(ours))], rounds),
    }
    for name, operation in OPERATIONS.items():
        span = np.linspace(operation.low, operation.high, _VALUES)
        values[name] = _compared(
            [_pair(view, ours, _PLAIN[name], operation.apply, float(value)) for value in span], rounds
        )
    return values, [
        (name, f'{found["plain"]:.0f}', f'{found["ours"]:.0f}', str(found['greatest']), f'{100 * found["share"]:.2f} %')
        for name, found in values.items()
    ]


def reduced_difference(contents: list[bytes]) -> dict[str, float]:
    """Return the difference between views of reduced pictures and views of whole pictures.

    Returns:
        ``mean`` and ``greatest`` difference in levels, over boxes as they are drawn in training.
    """
    np.random.seed(0)
    crop, differences = RandomResizedCrop(_SIDE), []
    for content in contents:
        encoded = EncodedImage(content)
        assert encoded.shape is not None
        whole, box = encoded.decode(), crop.draw(*encoded.shape)
        reduced, [reduced_box] = encoded.decode_for([box], _SIDE)
        if reduced.shape != whole.shape:
            views = [geometry.resized_crop(*pair, _SIDE).astype(int) for pair in ((whole, box), (reduced, reduced_box))]
            differences.append(np.abs(views[0] - views[1]))
    return {'mean': float(np.mean(differences)), 'greatest': int(np.max(differences))}


def _pair(view: Image.Image, ours: Pixels, plain: Plain, apply: Any, value: float) -> tuple[Any, Any]:
    return (lambda: plain(view, value)), (lambda: apply(ours, value))


def _compared(pairs: list[tuple[Callable[[], Image.Image], Callable[[], Pixels]]], rounds: int) -> dict[str, Any]:
    differences = [np.abs(_bgr(plain()).astype(int) - mine().array) for plain, mine in pairs]
    plain, mine = pairs[-1]
    seconds = interleave(
        {
            'plain': lambda: [plain() for _ in range(_CALLS)],
            # With its pass over the image, which is shared with the next operation where there is one.
            'ours': lambda: [mine().array for _ in range(_CALLS)],
        },
        rounds=rounds,
        clock=time.process_time,
    )
    return {
        **{name: 1e6 * min(times) / _CALLS for name, times in seconds.items()},
        'greatest': max(int(difference.max()) for difference in differences),
        'share': max(float((difference > 0).mean()) for difference in differences),
    }


def _bgr(picture: Image.Image) -> Any:
    return np.ascontiguousarray(np.asarray(picture)[..., ::-1])
