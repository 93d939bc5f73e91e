"""METEOR where Java is, also in a folder with spaces, and the line where it is not."""

from __future__ import annotations

import shutil

import pytest

from agmax_mm.captioning import meteor as module
from agmax_mm.captioning.meteor import meteor, why_unavailable


def test_without_java_one_line_says_so(monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert 'java' in str(why_unavailable())
    with pytest.raises(ValueError, match='METEOR: expected java on the PATH, got none: install'):
        meteor([['a']], [[['a']]])


def test_without_the_package_one_line_says_so(monkeypatch, tmp_path):
    java = tmp_path / 'java'
    java.write_text('#!/bin/sh\n')
    java.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(module, '_jar', lambda: None)
    assert 'pip install pycocoevalcap' in str(why_unavailable())


def test_a_program_that_ends_early_is_told_with_its_last_line(monkeypatch, tmp_path):
    java = tmp_path / 'java'
    java.write_text('#!/bin/sh\necho "first" >&2\necho "Could not reserve enough space" >&2\nexit 1\n')
    java.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(module, '_jar', lambda: tmp_path / 'x.jar')
    with pytest.raises(ValueError, match='ended with 1: Could not reserve enough space'):
        meteor([['a'] * 40] * 5000, [[['a'] * 40]] * 5000)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which('java') is None, reason='METEOR is a Java program')
def test_scores_in_a_folder_with_spaces(monkeypatch, tmp_path):
    pytest.importorskip('pycocoevalcap')
    jar = module._jar()
    folder = tmp_path / 'a folder with spaces'
    shutil.copytree(jar.parent, folder)
    monkeypatch.setattr(module, '_jar', lambda: folder / jar.name)
    captions = [['a', 'dog', 'runs'], [], ['the', 'dog', 'sleeps']]
    references = [[['a', 'dog', 'runs']], [['a', 'dog']], [['a', 'dog', 'sleeps'], ['no', 'dog']]]
    corpus, each = meteor(captions, references)
    # Three equal words in one chunk, and nothing at all.
    assert each[:2] == [pytest.approx(1.0, abs=0.1), 0.0]
    assert 0 < each[2] < 1
    assert 0 < corpus < 1
    from pycocoevalcap.meteor.meteor import Meteor

    theirs = {0: ['a dog runs'], 2: ['the dog sleeps']}
    truth = {0: ['a dog runs'], 2: ['a dog sleeps', 'no dog']}
    assert Meteor().compute_score(truth, theirs)[1] == [each[0], each[2]]
