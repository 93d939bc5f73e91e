"""Inputs that a person names: files, folders, arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import Compose
from mmengine.config import Config
from numpy.typing import NDArray

from agmax_mm.datasets.archives import ArchivePath, open_file, place
from agmax_mm.speech.recordings import SUFFIXES as RECORDINGS

# A path, or a picture: BGR, uint8, shape (H, W, 3).
Input = str | os.PathLike[str] | NDArray[np.uint8]

# What a folder is searched for.
PICTURES = ('.bmp', '.jpeg', '.jpg', '.pgm', '.png', '.ppm', '.tif', '.tiff', '.webp')
# Data sets that hold arrays, by the end of their types, and the side of their pictures in pixels.
_ARRAY_SETS = {'CIFAR10': 32, 'CIFAR100': 32}


def expand(inputs: Iterable[Input], what: str = 'pictures') -> list[Input]:
    """The inputs with every folder replaced by the files in it and below it, in order of their paths.

    Args:
        inputs: Files, folders, archives of pictures, and arrays.
        what: Files that folders are searched for, ``'pictures'`` or ``'recordings'``.

    Raises:
        ValueError: If a path does not exist, or a folder has no such file.
    """
    suffixes = RECORDINGS if what == 'recordings' else PICTURES
    found: list[Input] = []
    for given in inputs:
        if isinstance(given, np.ndarray):
            found.append(given)
            continue
        path = place(given)
        if isinstance(path, ArchivePath):
            pictures = [f'{path}/{name}' for name, _ in path.labels() if name.lower().endswith(suffixes)]
            if not pictures or what != 'pictures':
                raise ValueError(f'predict: expected an archive of pictures, got {str(given)!r}, for {what}')
            found += pictures
        elif path.is_dir():
            files = sorted(file for file in path.rglob('*') if file.suffix.lower() in suffixes)
            if not files:
                raise ValueError(f'predict: expected {what} ({", ".join(suffixes)}) in {str(path)!r}, got none')
            found += files
        elif path.is_file():
            found.append(path)
        else:
            raise ValueError(f'predict: expected a file or a folder, got {str(path)!r}, which does not exist')
    if not found:
        raise ValueError('predict: expected at least one input, got none')
    return found


class TestPipeline:
    """The test pipeline of a config, for inputs that come without annotations.

    Args:
        config: A complete config with a ``test_dataloader``.

    Attributes:
        what: What its inputs are, ``'pictures'`` or ``'recordings'``.
    """

    __test__ = False  # pytest takes the name for a test's

    def __init__(self, config: Config) -> None:
        dataset = config.test_dataloader.dataset
        while 'pipeline' not in dataset and 'dataset' in dataset:
            dataset = dataset.dataset
        steps = [step for step in dataset.pipeline if 'LoadAnnotations' not in step['type']]
        kind = dataset['type'].rpartition('.')[2]
        self._side = _ARRAY_SETS.get(kind)
        loads = bool(steps) and 'Load' in steps[0]['type']
        self.what = 'recordings' if loads and steps[0]['type'].endswith('LoadRecording') else 'pictures'
        self._whole = Compose(steps) if loads else None
        self._of_array = Compose(steps[1:] if loads else steps)

    def __call__(self, given: Input, number: int) -> dict[str, Any]:
        """Prepare an input for the network.

        Args:
            given: A path, or where inputs are pictures a picture.
            number: The place of the input, which stands for the data set's.

        Raises:
            ValueError: If the file is no picture or recording, or the array has another shape.
        """
        if self.what == 'recordings':
            if isinstance(given, np.ndarray) or self._whole is None:
                raise ValueError('predict: expected paths of recordings, got an array')
            return self._whole({'img_path': str(given)})
        if isinstance(given, np.ndarray):
            return self._prepare_array(given, {'img_path': f'array {number}', 'img_id': number})
        facts = {'img_path': str(given), 'img_id': number, 'sample_idx': number}
        if self._whole is None:
            return self._prepare_array(read_picture(given), facts)
        read_picture(given)  # its own error names the file; the host's does not
        return self._whole(facts)

    def _prepare_array(self, picture: NDArray[np.uint8], facts: dict[str, Any]) -> dict[str, Any]:
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                'predict: expected a picture of shape (H, W, 3) and type uint8, BGR, '
                f'got {picture.shape} {picture.dtype}'
            )
        if self._side and picture.shape[:2] != (self._side, self._side):
            picture = mmcv.imresize(picture, (self._side, self._side), interpolation='area')
        shape = picture.shape[:2]
        return self._of_array({**facts, 'img': picture, 'img_shape': shape, 'ori_shape': shape})


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """A picture file as BGR, uint8, shape ``(H, W, 3)``.

    Raises:
        ValueError: If the file is no picture.
    """
    with open_file(str(path)) as file:
        content = np.frombuffer(file.read(), np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if picture is None:
        raise ValueError(f'predict: expected a picture, got {str(path)!r}, which cannot be read as one')
    return picture


def input_names(inputs: Sequence[Input]) -> list[str]:
    """Names of the inputs: paths, and for arrays their places."""
    return [f'array {place}' if isinstance(given, np.ndarray) else str(given) for place, given in enumerate(inputs)]
