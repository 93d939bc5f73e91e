"""A user's folder of images, or archive, to configs of a baseline and of AgMax, with size and schedule fitted."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from agmax_mm.datasets.archives import Place, place, split_place
from agmax_mm.datasets.image_files import SUFFIXES, class_files, class_folders
from agmax_mm.fileio import write_text
from agmax_mm.recipe_files import config_path, recipe_names
from agmax_mm.wording import first_names

FAMILIES = ('baseline', 'agmax')
FILES = ('baseline.py', 'agmax.py', 'study.py')
# Names of the folder that models are tested on, in the order in which they are taken.
_VALIDATION = ('val', 'valid', 'validation', 'test')
_LOOKED_AT = 200
# Networks for ImageNet shrink an image 32 times; below two pixels there is nothing left to pool.
_STRIDE, _LEAST_SIDE, _MOST_SIDE = 32, 64, 224
# Assumptions, not in the papers: steps of a run, epochs and steps of an epoch of small data sets.
_STEPS, _MOST_EPOCHS, _STEPS_PER_EPOCH = 20_000, 300, 10
_BATCHES = (8, 16, 32, 64, 128, 256)
_SHARE = 5  # one of so many images of each class validates, where the folder has no split


@dataclass(frozen=True)
class OwnData:
    """A folder or an archive of images.

    Attributes:
        root: The folder or archive, by an absolute path.
        classes: Names of the classes in the order of the labels.
        train: Training images as paths relative to the folder of their split, or to the root, with labels.
        val: Validation images, likewise.
        splits: Folders of the two splits below the root; None where the class folders lie in the root itself.
        short_side: Median of the shorter sides of the training images, in pixels.
    """

    root: Place
    classes: tuple[str, ...]
    train: Sequence[tuple[str, int]]
    val: Sequence[tuple[str, int]]
    splits: tuple[str, str] | None
    short_side: int

    @property
    def name(self) -> str:
        """The name of the folder, or of the archive without its suffix."""
        return self.root.name if isinstance(self.root, Path) else Path(self.root.name).stem

    @property
    def path(self) -> str:
        """The path of the folder or archive."""
        return str(self.root) if isinstance(self.root, Path) else self.root.archive_path


@dataclass(frozen=True)
class Fit:
    """What a recipe becomes on a user's data.

    Attributes:
        recipe: Name of the recipe, without its family.
        image_size: Side of the input in training, in pixels.
        epochs: Length of the training.
        batch_size: Images of a step, over all processes.
    """

    recipe: str
    image_size: int
    epochs: int
    batch_size: int


def find_own_data(path: str | Path, seed: int = 0) -> OwnData:
    """Look at a folder or an archive with ``train/<class>/`` and ``val/<class>/``, or with class folders alone.

    The second split may be called ``val``, ``valid``, ``validation`` or ``test``. Without splits, one of five images of
    each class, drawn by the seed, becomes the validation.

    Args:
        path: The folder, or an archive as :class:`agmax_mm.datasets.ImageFolder` takes it.
        seed: Seed of the draw.

    Raises:
        ValueError: If there are no class folders, or a class has too few images.
    """
    root = place(os.path.abspath(Path(path).expanduser()))
    if not root.is_dir():
        raise ValueError(f'--data: expected a folder or an archive, got {str(root)!r}, which does not exist')
    folder = split_place(root, 'train')
    if folder is not None:
        found = ((name, split_place(root, name)) for name in _VALIDATION)
        second, other = next(((name, folder) for name, folder in found if folder is not None), ('', None))
        if other is None:
            raise ValueError(
                f'--data: expected one of {", ".join(_VALIDATION)} beside train in {str(root)!r}, got none; without '
                'a split of your own, put the class folders straight into one folder and name that'
            )
        classes = _classes(folder)
        train, val = _images(folder, classes), _images(other, classes)
        splits = ('train', second)
    else:
        classes = _classes(root)
        train, val = _divided(_images(root, classes), len(classes), seed)
        folder, splits = root, None
    return OwnData(root, tuple(classes), train, val, splits, _short_side([folder / image for image, _ in train]))


def fit_recipe(
    data: OwnData,
    recipe: str,
    *,
    image_size: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
) -> Fit:
    """Choose size, length and batch for the data, where they are not given.

    - The size is the shorter side of the images, as a multiple of 32 from 64 to 224.
    - The batch is the largest of 8 to 256 that leaves 10 steps in an epoch.
    - The length is 20,000 steps in whole epochs: at least the recipe's epochs, at most 300.

    Raises:
        ValueError: If the recipe is none of both families, or is not of folders of images.
    """
    _check_recipe(recipe)
    count = len(data.train)
    side = min(max(_STRIDE * round(data.short_side / _STRIDE), _LEAST_SIDE), _MOST_SIDE)
    batch = max([size for size in _BATCHES if size * _STEPS_PER_EPOCH <= count], default=_BATCHES[0])
    batch = batch if batch_size is None else batch_size
    least = int(recipe.rpartition('_')[2].removesuffix('e'))
    length = min(max(round(_STEPS * batch / count), least), max(_MOST_EPOCHS, least))
    return Fit(recipe, side if image_size is None else image_size, length if epochs is None else epochs, batch)


def write_configs(data: OwnData, fit: Fit, folder: Path, *, force: bool = False) -> list[Path]:
    """Write ``baseline.py``, ``agmax.py`` and the study of both; with lists of the images where there are no splits.

    Args:
        data: The images.
        fit: What the recipe becomes on them.
        folder: Folder of the files.
        force: Replace files of these names.

    Returns:
        The files.

    Raises:
        ValueError: If a file is there already.
    """
    texts = {'baseline.py': _baseline(data, fit, folder), 'agmax.py': _agmax(data), 'study.py': _study(data)}
    if data.splits is None:
        for name, images in (('train.txt', data.train), ('val.txt', data.val)):
            texts[name] = ''.join(f'{path} {label}\n' for path, label in images)
    there = [name for name in texts if (folder / name).exists()]
    if there and not force:
        raise ValueError(
            f'--out: expected a folder without {first_names(there)}, got {str(folder)!r}; --force replaces the files'
        )
    for name, text in texts.items():
        write_text(text, folder / name)
    return [folder / name for name in texts]


def _classes(folder: Place) -> list[str]:
    classes = class_folders(folder)
    if len(classes) < 2:
        detection = any((folder.parent / name).is_dir() for name in ('annotations', 'Annotations', 'VOC2007'))
        detection = detection or any((folder / name).is_dir() for name in ('annotations', 'Annotations', 'VOC2007'))
        hint = '; this looks like detection data, which `agmax-mm transfer` takes' if detection else ''
        raise ValueError(
            f'--data: expected at least 2 class folders in {str(folder)!r}, got {first_names(classes)}{hint}'
        )
    return classes


def _images(folder: Place, classes: Sequence[str]) -> list[tuple[str, int]]:
    files = class_files(folder, classes, SUFFIXES)
    return [(path, label) for label, name in enumerate(classes) for path in files[name].images]


def _divided(
    images: Sequence[tuple[str, int]], num_classes: int, seed: int
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """One of five images of each class for validation, at least one; the others for training."""
    generator = random.Random(seed)
    of_class: list[list[tuple[str, int]]] = [[] for _ in range(num_classes)]
    for image in images:
        of_class[image[1]].append(image)
    held: set[tuple[str, int]] = set()
    for label, own in enumerate(of_class):
        if len(own) < 2:
            raise ValueError(
                f'--data: expected at least 2 images in every class folder, to train and to validate, got {len(own)} '
                f'in class {label} ({own[0][0] if own else "none"})'
            )
        held.update(generator.sample(own, max(len(own) // _SHARE, 1)))
    return [image for image in images if image not in held], [image for image in images if image in held]


def _short_side(paths: Sequence[Place]) -> int:
    """Median of the shorter sides of images at even distances, read from their headers."""
    from PIL import Image

    if not paths:
        raise ValueError('--data: expected images in the class folders, got none')
    sides = []
    for path in paths[:: max(len(paths) // _LOOKED_AT, 1)]:
        try:
            with path.open('rb') as file, Image.open(file) as image:
                sides.append(min(image.size))
        except OSError as error:
            raise ValueError(f'--data: expected an image, got {str(path)!r}: {error}') from None
    return round(median(sides))


def _check_recipe(recipe: str) -> None:
    names = recipe_names()
    known = [
        name.partition('/')[2]
        for name in names
        if re.fullmatch(r'agmax/\w[\w-]*_\d+e', name) and f'baseline/{name.partition("/")[2]}' in names
    ]
    if recipe not in known:
        config_path(f'agmax/{recipe}')  # names the nearest recipe
        raise ValueError(
            f'--recipe: expected one of ImageNet, of both {" and ".join(FAMILIES)}, such as {first_names(known)}; '
            f'got {recipe!r}'
        )


def _baseline(data: OwnData, fit: Fit, folder: Path) -> str:
    where = 'train and val' if data.splits is None else ' and '.join(data.splits)
    settings: dict[str, dict[str, object]] = {}
    for loader, name in (('train_dataloader', 'train'), ('val_dataloader', 'val'), ('test_dataloader', 'val')):
        if data.splits is None:
            listed = {'ann_file': os.path.abspath(folder / f'{name}.txt'), 'split': '', 'classes': list(data.classes)}
        else:
            listed = {'split': data.splits[0] if name == 'train' else data.splits[1]}
        settings[loader] = {'dataset': {'type': 'agmax_mm.ImageFolder', **listed}}
    if len(data.train) % fit.batch_size == 1:
        settings['train_dataloader']['drop_last'] = True  # an agreement of one image says nothing
    lines = [
        f'"""{fit.recipe} without AgMax on {data.name!r}, {fit.epochs} epochs: the baseline of agmax.py.',
        '',
        f'Data:    {len(data.classes)} classes, {len(data.train):,} images in {where.split(" and ")[0]},'
        f' {len(data.val):,} in {where.split(" and ")[1]}; their shorter side is {data.short_side} pixels (median).',
        'Run:     agmax-mm train baseline.py',
        'Made by: agmax-mm init',
        '"""',
        '',
        f"_base_ = 'agmax_mm::baseline/{fit.recipe}.py'",
        '',
        '# Crops, resizing and the schedule follow from these.',
        f'data_root = {data.path!r}',
        f'image_size = {fit.image_size}',
        f'epochs = {fit.epochs}',
        '# Images of a step, over all processes; the learning rate follows.',
        f'total_batch_size = {fit.batch_size}',
        '',
        f'model = dict(head=dict(num_classes={len(data.classes)}))',
        *(f'{name} = {value!r}' for name, value in settings.items()),
        f"work_dir = 'work_dirs/{data.name}/baseline'",
        'paper = None  # its figures are for other data',
        '',
    ]
    return '\n'.join(lines)


def _agmax(data: OwnData) -> str:
    return (
        '"""The same with AgMax: two views of each image, whose predictions must agree.\n\n'
        'Run:     agmax-mm train agmax.py\n'
        'Control: --cfg-options model.agreement=none (two views, no agreement)\n'
        'Made by: agmax-mm init\n"""\n\n'
        "_base_ = 'baseline.py'\n\n"
        "model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))\n"
        f"work_dir = 'work_dirs/{data.name}/agmax'\n"
    )


def _study(data: OwnData) -> str:
    return (
        f'"""The baseline, two views, and AgMax on {data.name!r}.\n\n'
        'Run: agmax-mm compare study.py\n"""\n\n'
        "base = 'baseline.py'\n"
        'arms = dict(\n'
        '    baseline={},\n'
        "    control={'model.agreement': 'none'},  # two views, no agreement\n"
        "    agmax={'model.agreement': 'mi'},\n"
        ')\n'
        'seeds = [0, 1, 2]\n'
    )
