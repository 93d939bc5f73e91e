"""Where the words and their recordings lie: the official archive of Speech Commands, and folders of splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agmax_mm.datasets.image_files import class_files, class_folders
from agmax_mm.speech.recordings import SUFFIXES

SPLITS = ('train', 'valid', 'test')
NOISE = '_background_noise_'
# The words of version 0.01, all of which version 0.02 has, too.
WORDS = (
    *('bed', 'bird', 'cat', 'dog', 'down', 'eight', 'five', 'four', 'go', 'happy', 'house', 'left', 'marvin', 'nine'),
    *('no', 'off', 'on', 'one', 'right', 'seven', 'sheila', 'six', 'stop', 'three', 'tree', 'two', 'up', 'wow', 'yes'),
    'zero',
)
_LISTS = {'valid': 'validation_list.txt', 'test': 'testing_list.txt'}


@dataclass(frozen=True)
class Found:
    """The recordings of a split.

    Attributes:
        words: The words, whose order gives the labels.
        files: Path of each recording below the root, and its word.
        notes: What was left out, one line each.
    """

    words: tuple[str, ...]
    files: list[tuple[str, str]]
    notes: list[str] = field(default_factory=list)


def find_recordings(root: Path, split: str, words: str | Sequence[str] | None = None) -> Found:
    """The recordings of a split.

    The archive has a folder for each word and the lists ``validation_list.txt`` and ``testing_list.txt``; what is in
    neither is for training. Otherwise there are the folders ``train``, ``valid`` and ``test``, each with a folder for
    each word; ``train`` says which words there are.

    Args:
        root: Folder of the data set.
        split: ``'train'``, ``'valid'`` or ``'test'``.
        words: The words; ``'all'`` for all folders. By default the 30 words of version 0.01 where there are all of
            them, otherwise all.

    Raises:
        ValueError: If a folder or a list is missing, a word has no recordings, a list matches no file, or all
            recordings are in the lists.
    """
    who = 'SpeechCommands'
    if split not in SPLITS:
        raise ValueError(f'{who}.splits: expected some of {", ".join(SPLITS)}, got {split!r}')
    listed = [name for name in _LISTS.values() if (root / name).is_file()]
    folders = [name for name in SPLITS if (root / name).is_dir()]
    if not listed and not folders:
        raise ValueError(
            f'{who}: expected {" and ".join(_LISTS.values())} beside the folders of the words, or the folders '
            f'{", ".join(SPLITS)}, in {str(root)!r}, got neither'
        )
    if listed and len(listed) < len(_LISTS):
        missing = next(name for name in _LISTS.values() if name not in listed)
        raise ValueError(f'{who}: expected the list {missing} in {str(root)!r}, got none')
    return _in_archive(root, split, words) if listed else _in_folders(root, split, words)


def noise_folder(root: Path) -> Path | None:
    """The folder of background noise of a data set, if there is one."""
    places = (root / NOISE, root / 'train' / NOISE)
    return next((place for place in places if place.is_dir()), None)


def _in_folders(root: Path, split: str, words: str | Sequence[str] | None) -> Found:
    reference = root / 'train' if (root / 'train').is_dir() else root / split
    if not (root / split).is_dir():
        raise ValueError(f'SpeechCommands: expected the folder {split!r} in {str(root)!r}, got none')
    chosen, notes = _chosen(reference, words)
    found = class_files(root / split, chosen, SUFFIXES)
    files = [(f'{split}/{path}', word) for word in chosen for path in found[word].images]
    _check_words(chosen, files, root / split, complete=split == 'train')
    return Found(chosen, files, notes)


def _in_archive(root: Path, split: str, words: str | Sequence[str] | None) -> Found:
    chosen, notes = _chosen(root, words)
    found = class_files(root, chosen, SUFFIXES)
    files = [(path, word) for word in chosen for path in found[word].images]
    _check_words(chosen, files, root, complete=True)
    there = {path for path, _ in files}
    lists = {name: _read_list(root / file, there, set(chosen)) for name, file in _LISTS.items()}
    if split == 'train':
        held_out = set().union(*(entries for entries, _ in lists.values()))
        files = [(path, word) for path, word in files if path not in held_out]
        _check_words(chosen, files, root, complete=False)
        without = sorted(set(chosen) - {word for _, word in files})
        notes += [f'all recordings of {len(without)} words are in the lists: {", ".join(without)}'] if without else []
        return Found(chosen, files, notes)
    entries, missing = lists[split]
    if missing:
        notes.append(f'{missing:,} of {len(entries):,} files of {_LISTS[split]} are not there')
    return Found(chosen, [(path, word) for path, word in files if path in entries], notes)


def _chosen(folder: Path, words: str | Sequence[str] | None) -> tuple[tuple[str, ...], list[str]]:
    """The words, and a note of those that are left out."""
    there = [name for name in class_folders(folder) if not name.startswith('_') and name not in SPLITS]
    if not there:
        raise ValueError(f'SpeechCommands: expected a folder for each word in {str(folder)!r}, got none')
    if words == 'all' or (words is None and not set(WORDS) <= set(there)):
        chosen = tuple(there)
    elif isinstance(words, str):
        raise ValueError(f"SpeechCommands.words: expected a list of words or 'all', got {words!r}")
    else:
        chosen = tuple(WORDS if words is None else words)
    unknown = [word for word in chosen if word not in there]
    if unknown:
        raise ValueError(
            f'SpeechCommands.words: expected folders of {str(folder)!r}, got {", ".join(unknown[:5])}, which have none'
        )
    left = [word for word in there if word not in chosen]
    return chosen, [f'left out {len(left)} words: {", ".join(left)}'] if left else []


def _check_words(words: Sequence[str], files: list[tuple[str, str]], folder: Path, *, complete: bool) -> None:
    having = {word for _, word in files}
    empty = [word for word in words if word not in having]
    if not files or (complete and empty):
        raise ValueError(
            f'SpeechCommands: expected recordings ({", ".join(SUFFIXES)}) of every word in {str(folder)!r}, '
            f'got none of {len(empty)}: {", ".join(empty[:5])}'
        )


def _read_list(path: Path, there: set[str], words: set[str]) -> tuple[set[str], int]:
    """The files of a list that are of the words, and how many of them are missing."""
    lines = {line.strip() for line in path.read_text(encoding='utf-8').splitlines()}
    entries = {line for line in lines if line and line.partition('/')[0] in words}
    missing = len(entries - there)
    if missing == len(entries):
        raise ValueError(
            f'SpeechCommands: expected files of {str(path.parent)!r} in the list {str(path)!r}, '
            f'such as {min(there)!r}, got none of {len(lines):,} lines, such as {min(lines, default="")!r}'
        )
    return entries, missing
