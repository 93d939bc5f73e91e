"""Write the digit data sets to disk: an image folder for classification, VOC and COCO scenes for detection.

Layout below the root::

    digits/{train,test}/<class>/<id>.png     one digit as it was scanned, padded to 32x32, to pre-train and test
    VOC2007/                                 JPEGImages, Annotations (XML), ImageSets/Main/{train,trainval,test}.txt
    annotations/instances_{train,test}.json  the same scenes for COCO, with masks
    manifest.json                            what was asked for and which digits went where
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agmax_mm.demo.digits.annotations import coco_document, voc_xml
from agmax_mm.demo.digits.scenes import Scene, compose_scene
from agmax_mm.demo.digits.source import DigitPool, load_digits, split_digits
from agmax_mm.demo.digits.textures import textured_background

# Raise this when the same spec would give other files.
_FORMAT = 1
_SPLITS = ('pretrain', 'test', 'scene_train', 'scene_test')

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class DigitDataSpec:
    """Sizes of the data sets. Two equal specs give the same files, byte for byte.

    Attributes:
        seed: Seed of the split and of every picture.
        pretrain_per_class: Training images a class of the image folder.
        test_per_class: Test images a class of the image folder.
        scene_train_per_class: Digits a class to build training scenes from.
        scene_test_per_class: Digits a class to build test scenes from; no training picture holds any of them.
        train_scenes: Number of training scenes.
        test_scenes: Number of test scenes.
        digits_per_scene: Least and greatest number of digits in a scene.
        scene_size: Side of a scene in pixels.
        scene_heights: Least and greatest height of a digit in a scene.
    """

    seed: int = 0
    pretrain_per_class: int = 20
    test_per_class: int = 200
    scene_train_per_class: int = 150
    scene_test_per_class: int = 100
    train_scenes: int = 512
    test_scenes: int = 160
    digits_per_scene: tuple[int, int] = (3, 6)
    scene_size: int = 160
    scene_heights: tuple[int, int] = (22, 60)

    def per_class(self) -> dict[str, int]:
        """Digits of each class by split."""
        return {name: getattr(self, f'{name}_per_class') for name in _SPLITS}


def build_digit_data(
    root: str | os.PathLike[str], spec: DigitDataSpec, report: Report = lambda done, total: None
) -> bool:
    """Write the data sets below ``root``, all of them or nothing.

    Args:
        root: Directory to create. One that was written for another spec is replaced.
        spec: What to write.
        report: Called with the number of pictures written so far and in all.

    Returns:
        False if ``root`` already held exactly this, else True.

    Raises:
        ValueError: If ``root`` holds something else than digit data, or the digits do not suffice for ``spec``.
    """
    root = Path(root)
    wanted = _identity(spec)
    if root.exists() and _read_identity(root) == wanted:
        return False
    splits = split_digits(load_digits(), spec.per_class(), spec.seed)
    temporary = root.with_name(f'.{root.name}.{os.getpid()}')
    temporary.mkdir(parents=True)
    try:
        progress = _Counter(
            report, len(splits['pretrain']) + len(splits['test']) + spec.train_scenes + spec.test_scenes
        )
        for name, split in (('train', 'pretrain'), ('test', 'test')):
            _write_folder(temporary / 'digits' / name, splits[split], progress)
        scenes = {
            'train': _compose_scenes(splits['scene_train'], spec.train_scenes, spec, _stream(spec, 'scene_train')),
            'test': _compose_scenes(splits['scene_test'], spec.test_scenes, spec, _stream(spec, 'scene_test')),
        }
        _write_scenes(temporary, scenes, progress)
        manifest = {
            **wanted,
            'digit_ids': {name: sorted(int(i) for i in pool.ids) for name, pool in splits.items()},
        }
        (temporary / 'manifest.json').write_text(json.dumps(manifest, indent=1) + '\n', encoding='utf-8')
        if root.exists():
            shutil.rmtree(root)
        temporary.rename(root)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


class _Counter:
    def __init__(self, report: Report, total: int) -> None:
        self._report, self._done, self._total = report, 0, total

    def step(self) -> None:
        self._done += 1
        self._report(self._done, self._total)


def _identity(spec: DigitDataSpec) -> dict[str, Any]:
    return json.loads(json.dumps({'format': _FORMAT, 'spec': asdict(spec)}))


def _read_identity(root: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((root / 'manifest.json').read_text(encoding='utf-8'))
        return {'format': manifest['format'], 'spec': manifest['spec']}
    except (OSError, ValueError, KeyError, TypeError):
        # Only what carries our manifest is replaced: a mistyped path must not cost anyone their files.
        raise ValueError(
            f'digit data: expected a new directory or one with digit data, got {str(root)!r} without a manifest.json'
        ) from None


def _stream(spec: DigitDataSpec, split: str) -> list[int]:
    """First words of the seeds of a split's pictures; each picture adds its number, so any can be redone alone."""
    return [spec.seed, _SPLITS.index(split)]


def _write_folder(folder: Path, pool: DigitPool, progress: _Counter) -> None:
    for label in np.unique(pool.labels):
        (folder / str(label)).mkdir(parents=True)
    for image, label, digit_id in zip(pool.images, pool.labels, pool.ids, strict=True):
        padded = cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT)
        _write_image(folder / str(label) / f'{digit_id:04d}.png', padded)
        progress.step()


def _compose_scenes(pool: DigitPool, count: int, spec: DigitDataSpec, stream: list[int]) -> list[Scene]:
    scenes = []
    for index in range(count):
        rng = np.random.default_rng([*stream, index])
        background = textured_background(spec.scene_size, rng)
        num_digits = int(rng.integers(spec.digits_per_scene[0], spec.digits_per_scene[1] + 1))
        rows = rng.choice(len(pool), size=num_digits, replace=False)
        scenes.append(compose_scene(background, pool.select(rows), rng, heights=spec.scene_heights))
    return scenes


def _write_scenes(root: Path, scenes: dict[str, list[Scene]], progress: _Counter) -> None:
    voc = root / 'VOC2007'
    for folder in (voc / 'JPEGImages', voc / 'Annotations', voc / 'ImageSets' / 'Main', root / 'annotations'):
        folder.mkdir(parents=True)
    first = 1
    for split, split_scenes in scenes.items():
        numbered = dict(enumerate(split_scenes, start=first))
        first += len(split_scenes)
        for number, scene in numbered.items():
            _write_image(voc / 'JPEGImages' / f'{number:06d}.jpg', scene.image)
            (voc / 'Annotations' / f'{number:06d}.xml').write_text(voc_xml(number, scene), encoding='utf-8')
            progress.step()
        listing = ''.join(f'{number:06d}\n' for number in numbered)
        # Pascal VOC's own recipes train on the list trainval.
        for name in ('train', 'trainval') if split == 'train' else (split,):
            (voc / 'ImageSets' / 'Main' / f'{name}.txt').write_text(listing, encoding='utf-8')
        document = json.dumps(coco_document(numbered))
        (root / 'annotations' / f'instances_{split}.json').write_text(document, encoding='utf-8')


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 95]):
        raise OSError(f'could not write the image {str(path)!r}')
