"""Top-level words for the usual changes: where the data is, how large its images are, how long a run is.

``data_root``, ``image_size`` and ``epochs`` stand at the top of a user's config, or behind ``--cfg-options``. They
change every place that follows from them, and say which.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from agmax_mm.engine.addresses import bare_type, typed_parts
from agmax_mm.engine.config_files import parse_config_file
from agmax_mm.engine.schedule import length_key

# Other spellings of a word.
_SPELLINGS = {'max_epochs': 'epochs'}
WORDS = ('data_root', 'image_size', 'epochs')
SPELLINGS = (*WORDS, *_SPELLINGS)
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_EVALUATORS = ('val_evaluator', 'test_evaluator')
# Options in pixels of the input, by the type that has them.
_PIXELS = {
    'agmax_mm.RandomResizedCrop': ('size',),
    'torchvision/RandomResizedCrop': ('size',),
    'torchvision/CenterCrop': ('size',),
    'torchvision/RandomCrop': ('size', 'padding'),
    'torchvision/Resize': ('size',),
    'RandomResizedCrop': ('scale',),
    'EfficientNetRandomCrop': ('scale',),
    'EfficientNetCenterCrop': ('crop_size',),
    'ResizeEdge': ('scale',),
    'Resize': ('scale',),
    'CenterCrop': ('crop_size',),
    'RandomCrop': ('crop_size', 'padding'),
    'agmax_mm.RandomPaddedCrop': ('padding',),
    'agmax_mm.CutOut': ('length',),
    'agmax_mm.FixedSizeCutMix': ('size',),
}
# What decides the size of the network's input in training, the last one winning.
_CROPS = {
    'RandomResizedCrop': ('size', 'scale'),
    'RandomCrop': ('size', 'crop_size'),
    'CenterCrop': ('size', 'crop_size'),
}
_CIFAR_SIDE = 32
# Data sets whose classes are folders.
_FOLDERS = ('agmax_mm.ImageFolder', 'agmax_mm.ImageNet')


def words_of(path: Path) -> dict[str, Any]:
    """The words that a config file and its local bases assign as literals, the nearest file winning.

    A name that its file uses, as in ``dataset=dict(data_root=data_root)``, is a variable of that file and no word.
    Those of the host's own configs are variables, too, and those of a file without a base: a complete config, as a run
    leaves it behind, says everything itself.
    """
    file = parse_config_file(path)
    found: dict[str, Any] = {}
    for base in file.local_bases:
        found |= words_of(base)
    for name, value in file.values.items():
        if name in SPELLINGS and name not in file.used:
            with contextlib.suppress(ValueError):
                found[_SPELLINGS.get(name, name)] = ast.literal_eval(value)
    return found if file.bases else {}


def apply_words(config: Config, words: dict[str, Any]) -> list[str]:
    """Apply words to a config in place, and take them out of it.

    Args:
        config: The config.
        words: Values of :data:`WORDS` or their other spellings.

    Returns:
        What changed, one line for each word.

    Raises:
        ValueError: If a value is impossible, or the config has no place for a word.
    """
    spelled = {_SPELLINGS.get(word, word): word for word in words}
    words = {_SPELLINGS.get(word, word): value for word, value in words.items()}
    notes = []
    if 'data_root' in words:
        notes.append(_move_data(config, words['data_root']))
    if 'image_size' in words:
        notes.append(_resize(config, words['image_size']))
    if 'epochs' in words:
        notes.append(_set_epochs(config, words['epochs'], spelled.get('epochs', 'epochs')))
    for word in words:
        config.pop(word, None)
    return notes


def _move_data(config: Config, root: Any) -> str:
    if not isinstance(root, str):
        raise ValueError(f'data_root: expected the folder of the data, got {root!r}')
    changed, old_roots = [], set()
    for name in _LOADERS:
        for part in _dictionaries(config.get(name)):
            if 'data_root' in part:
                old_roots.add(part['data_root'])
                part['data_root'] = root
                changed.append(name)
    if not changed:
        raise ValueError('data_root: expected a config whose data sets have a data_root, got one without')
    for name in _EVALUATORS:
        for part in _dictionaries(config.get(name)):
            for key in ('ann_file', 'seg_prefix'):
                for old in old_roots:
                    if old and isinstance(part.get(key), str) and part[key].startswith(old):
                        part[key] = str(Path(root) / part[key].removeprefix(old).lstrip('/'))
    return f'data_root {root}: {", ".join(dict.fromkeys(changed))}'


def fit_classes(config: Config) -> list[str]:
    """Give the head an output for each class of the training data: for each of its folders, or by its archive's labels.

    Lists and missing folders change nothing.

    Returns:
        What changed, in one line; empty where nothing did.
    """
    dataset = (config.get('train_dataloader') or {}).get('dataset') or {}
    head = config.model.get('head') or {}
    if dataset.get('type') not in _FOLDERS or dataset.get('ann_file') or 'num_classes' not in head:
        return []
    # Data sets import the host's, which a command's checks of its arguments need not wait for.
    from agmax_mm.datasets.archives import ArchivePath, place, split_place
    from agmax_mm.datasets.image_files import class_folders

    folder = split_place(place(dataset['data_root']), dataset.get('split', ''))
    if isinstance(folder, ArchivePath) and folder.has_labels:
        count, what = 1 + max(label or 0 for _, label in folder.labels()), 'labels'
    else:
        count, what = len(class_folders(folder)) if folder is not None else 0, 'folders'
    if count < 2 or count == head['num_classes']:
        return []
    note = f'classes: {count} {what} in {str(folder)!r}: model.head.num_classes {head["num_classes"]} -> {count}'
    head['num_classes'] = count
    return [note]


def _set_epochs(config: Config, epochs: Any, word: str) -> str:
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f'{word}: expected a whole number of at least 1, got {epochs!r}')
    if length_key(config) == 'max_iters':
        raise ValueError('epochs: expected a config that counts epochs, got one of iterations; set train_cfg.max_iters')
    if 'train_cfg' not in config:
        raise ValueError('epochs: expected a config with train_cfg, got one without')
    old = config.train_cfg.get('max_epochs')
    config.train_cfg.max_epochs = epochs
    return f'epochs {epochs}: train_cfg.max_epochs {old} -> {epochs}'


def _resize(config: Config, size: Any) -> str:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f'image_size: expected a whole number of pixels, at least 1, got {size!r}')
    if 'data_preprocessor' not in config:
        raise ValueError('image_size: expected a config of classification, got one without data_preprocessor')
    old = _input_size(config)
    changes = []
    for root in (*_LOADERS, 'data_preprocessor', 'model'):
        for _, part in typed_parts({root: config.get(root)}):
            for key in _PIXELS.get(str(part['type']), ()):
                if key in part and part[key] is not None:
                    new = _scaled(part[key], size / old)
                    changes.append(f'{bare_type(part)}.{key} {part[key]} -> {new}')
                    part[key] = new
    if isinstance((config.model.get('backbone') or {}).get('img_size'), int):
        changes.append(f'model.backbone.img_size {config.model.backbone.img_size} -> {size}')
        config.model.backbone.img_size = size
    if _makes_no_size(config) and size != old:
        # CIFAR's images come in their own size.
        for name in _LOADERS:
            for part in _dictionaries(config.get(name)):
                if isinstance(part.get('pipeline'), list):
                    part['pipeline'].insert(0, dict(type='Resize', scale=(size, size)))
        changes.append(f'a Resize to {size} at the beginning of each pipeline')
    return f'image_size {size} in place of {old}: {", ".join(dict.fromkeys(changes)) or "nothing to change"}'


def _crops(config: Config) -> list[Any]:
    return [
        part[key]
        for _, part in typed_parts(config.get('train_dataloader'))
        for key in _CROPS.get(bare_type(part), ())
        if isinstance(part.get(key), int)
    ]


def _makes_no_size(config: Config) -> bool:
    return not _crops(config)


def _input_size(config: Config) -> int:
    """Side of the network's input in training."""
    crops = _crops(config)
    if crops:
        return int(crops[-1])
    if 'CIFAR' in str(config.get('train_dataloader', {}).get('dataset', {}).get('type')):
        return _CIFAR_SIDE
    raise ValueError(
        'image_size: expected a training pipeline with a crop of a known size, such as RandomResizedCrop, or CIFAR, '
        'got neither; set the sizes of its transforms'
    )


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return max(1, round(value * factor))
    if isinstance(value, list | tuple):
        return type(value)(_scaled(item, factor) for item in value)
    return value


def _dictionaries(node: Any) -> Iterator[dict[str, Any]]:
    """A node of a config and all dictionaries below it."""
    if isinstance(node, dict):
        yield node
    for child in list(node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ()):
        yield from _dictionaries(child)
