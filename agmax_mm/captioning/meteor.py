"""METEOR by its authors' Java program, which the package ``pycocoevalcap`` brings along."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from agmax_mm.captioning.scores import Words

_JAR = 'meteor-1.5.jar'
_PARAPHRASES = 'data/paraphrase-en.gz'
_SEPARATOR = ' ||| '
# The program would take the last reference for a caption without words. This one matches no word of any.
_NO_WORDS = 'zzzzz'


def why_unavailable() -> str | None:
    """Why METEOR cannot be measured here, with what to install; None where it can."""
    if shutil.which('java') is None:
        return 'expected java on the PATH, got none: install a Java runtime, such as openjdk-17-jre-headless'
    if _jar() is None:
        return 'expected the package pycocoevalcap, which is not installed: pip install pycocoevalcap'
    return None


def meteor(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> tuple[float, list[float]]:
    """METEOR 1.5 for English of all captions together, and of each.

    M. Denkowski and A. Lavie, Meteor Universal: Language Specific Translation Evaluation for Any Target Language, 2014.

    Args:
        captions: One for each image.
        references: One or more for each image.

    Returns:
        Values in ``0..1``. The first is of the counts of all images, not the mean of the others.

    Raises:
        ValueError: If it cannot be measured, see :func:`why_unavailable`, or if the Java program ends early; the
            message has its last line.
    """
    missing = why_unavailable()
    if missing is not None:
        raise ValueError(f'METEOR: {missing}')
    jar = _jar()
    assert jar is not None
    # Numbers come with points in any country.
    command = ['java', '-Xmx2G', '-Duser.language=en', '-Duser.country=US', '-Dfile.encoding=UTF-8', '-jar', str(jar)]
    # By itself it does not find its paraphrases in a folder with spaces.
    options = ['-', '-', '-stdio', '-l', 'en', '-norm', '-a', str(jar.parent / _PARAPHRASES)]
    # What it says about itself goes into a file: in a pipe that nobody reads it would come to a halt.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, encoding='utf-8'
        )
        try:
            counts = [
                _ask(process, said, _SEPARATOR.join(['SCORE', *map(_text, others), _text(caption)]))
                for caption, others in zip(captions, references, strict=True)
            ]
            first = _ask(process, said, _SEPARATOR.join(['EVAL', *counts]))
            each = [float(first), *(float(_answer(process, said)) for _ in captions[1:])]
            return float(_answer(process, said)), each
        finally:
            process.kill()
            process.communicate()


def _ask(process: subprocess.Popen[str], said: IO[bytes], line: str) -> str:
    assert process.stdin is not None
    try:
        process.stdin.write(f'{line}\n')
        process.stdin.flush()
    except BrokenPipeError:
        pass  # the missing answer tells more
    return _answer(process, said)


def _answer(process: subprocess.Popen[str], said: IO[bytes]) -> str:
    assert process.stdout is not None
    answer = process.stdout.readline().strip()
    if not answer:
        process.wait()
        said.seek(0)
        lines = said.read().decode(errors='replace').split('\n')
        # Lines of a stack trace begin with a tab.
        last = next((line for line in reversed(lines) if line.strip() and not line.startswith('\t')), 'nothing')
        raise ValueError(f'METEOR: expected a score of its Java program, which ended with {process.returncode}: {last}')
    return answer


def _text(words: Words) -> str:
    return ' '.join(words) or _NO_WORDS


def _jar() -> Path | None:
    """The program's file. The package is found without importing it."""
    spec = importlib.util.find_spec('pycocoevalcap')
    folders = spec.submodule_search_locations if spec is not None else None
    paths = [Path(folder) / 'meteor' / _JAR for folder in folders or ()]
    return next((path for path in paths if path.is_file()), None)
