"""The words that a captioner knows, each with its number."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agmax_mm.captioning.files import read_captions
from agmax_mm.captioning.tokens import tokenize
from agmax_mm.fileio import write_json

# Numbers of what is no word.
PAD, START, END, UNKNOWN = range(4)
_NO_WORDS = ('<pad>', '<start>', '<end>', '<unk>')
_KEYS = {'ann_file', 'data_root', 'splits', 'min_count', 'punctuation'}


class Vocabulary:
    """Words with their numbers, from 4 on; 0 to 3 are padding, the beginning, the end, and any unknown word.

    Args:
        words: The words, without the first four.
        punctuation: Whether marks such as the full stop are words.

    Raises:
        ValueError: If there is no word, or one comes twice.
    """

    def __init__(self, words: Sequence[str], *, punctuation: bool = False) -> None:
        self.words = (*_NO_WORDS, *words)
        self.punctuation = punctuation
        self._numbers = {word: number for number, word in enumerate(self.words)}
        if not words or len(self._numbers) < len(self.words):
            twice = [word for word, count in Counter(self.words).items() if count > 1]
            raise ValueError(f'vocabulary: expected different words, got {f"{twice[0]!r} twice" if twice else "none"}')

    @classmethod
    def count(cls, captions: Iterable[str], *, min_count: int = 4, punctuation: bool = False) -> Vocabulary:
        """The words of some captions, the most frequent first, those of one frequency by alphabet.

        Args:
            captions: Sentences.
            min_count: Number of times that a word must come.
            punctuation: Whether marks are words.
        """
        counts = Counter(word for caption in captions for word in tokenize(caption, punctuation=punctuation))
        kept = sorted((-count, word) for word, count in counts.items() if count >= min_count)
        if not kept:
            raise ValueError(f'vocabulary: expected words that come {min_count} times, got none; set a lower min_count')
        return cls([word for _, word in kept], punctuation=punctuation)

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, caption: str) -> list[int]:
        """Numbers of the words of a caption, in order, without beginning and end."""
        return [self._numbers.get(word, UNKNOWN) for word in tokenize(caption, punctuation=self.punctuation)]

    def decode(self, numbers: Iterable[int]) -> str:
        """The words up to the first end, in one line; padding and beginnings are left out."""
        words = []
        for number in numbers:
            if number == END:
                break
            if number not in (PAD, START):
                words.append(self.words[number])
        return ' '.join(words)

    def digest(self) -> bytes:
        """SHA-256 of the words and their numbers, 32 bytes."""
        return hashlib.sha256(json.dumps([self.words, self.punctuation]).encode()).digest()

    def as_config(self) -> dict[str, Any]:
        """What :func:`build_vocabulary` makes this vocabulary of."""
        return {'words': list(self.words[len(_NO_WORDS) :]), 'punctuation': self.punctuation}

    def write(self, path: str | Path) -> None:
        """Write a file that :func:`build_vocabulary` takes."""
        write_json(self.as_config(), path)


def build_vocabulary(source: Vocabulary | dict[str, Any]) -> Vocabulary:
    """A vocabulary from a config.

    Args:
        source: ``dict(file=PATH)``, of a file that :meth:`Vocabulary.write` wrote; or its content,
            ``dict(words=[...], punctuation=False)``; or the captions to count, ``dict(ann_file=..., data_root='',
            splits=None, min_count=4, punctuation=False)``. The first of them that is there counts.

    Raises:
        ValueError: If a file is missing or something else, or a key is unknown.
    """
    if isinstance(source, Vocabulary):
        return source
    content: Any = _read(source['file']) if isinstance(source, dict) and source.get('file') else source
    if not isinstance(content, dict):
        raise ValueError(f'vocabulary: expected a file, words or captions to count, got {content!r}')
    if 'words' in content:
        words = content['words']
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise ValueError(f'vocabulary: expected words to be a list of texts, got {words!r}')
        return Vocabulary(words, punctuation=bool(content.get('punctuation', False)))
    unknown = sorted(set(content) - _KEYS)
    if unknown or 'ann_file' not in content:
        raise ValueError(
            f'vocabulary: expected file, words, or ann_file and maybe some of {", ".join(sorted(_KEYS))}, got '
            f'{", ".join(map(str, content))}'
        )
    path = Path(content.get('data_root') or '', content['ann_file']).expanduser()
    try:
        file = read_captions(path, content.get('splits'))
    except ValueError as error:
        raise ValueError(
            f'{error}; without the captions of training, model.head.vocabulary.file names the vocabulary.json of a run'
        ) from None
    return Vocabulary.count(
        (caption for image in file.images for caption in image.captions),
        min_count=content.get('min_count', 4),
        punctuation=content.get('punctuation', False),
    )


def _read(path: Any) -> Any:
    if not isinstance(path, str) or not Path(path).is_file():
        raise ValueError(f'vocabulary: expected a file, got {path!r}, which does not exist')
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'vocabulary {path!r}: expected JSON as a run writes it, got {error}') from None
