"""Words and their numbers."""

from __future__ import annotations

import json

import pytest

from agmax_mm.captioning.vocabulary import END, PAD, START, UNKNOWN, Vocabulary, build_vocabulary
from tests.captioning.sets import coco, karpathy

CAPTIONS = ['A dog runs.', 'a dog sits', 'the Dog', 'a cat, runs']


def test_words_by_frequency_and_alphabet():
    assert Vocabulary.count(CAPTIONS, min_count=2).words[4:] == ('a', 'dog', 'runs')
    assert Vocabulary.count(CAPTIONS, min_count=1).words[4:] == ('a', 'dog', 'runs', 'cat', 'sits', 'the')
    assert Vocabulary.count(CAPTIONS, min_count=1, punctuation=True).words[-5:] == (',', '.', 'cat', 'sits', 'the')


def test_there_and_back():
    words = Vocabulary.count(CAPTIONS, min_count=2)
    assert len(words) == 7
    assert words.encode('A dog and the dog run, runs!') == [4, 5, UNKNOWN, UNKNOWN, 5, UNKNOWN, 6]
    assert words.decode([START, 4, 5, PAD, 6, END, 4]) == 'a dog runs'
    assert words.decode([UNKNOWN, END]) == '<unk>'
    assert words.decode([END]) == ''


def test_file_and_config_give_the_same(tmp_path):
    words = Vocabulary.count(CAPTIONS, min_count=1, punctuation=True)
    words.write(tmp_path / 'vocabulary.json')
    for source in ({'file': str(tmp_path / 'vocabulary.json'), 'min_count': 4}, words.as_config(), words):
        again = build_vocabulary(source)
        assert (again.words, again.punctuation, again.digest()) == (words.words, True, words.digest())
    assert Vocabulary(words.words[4:]).digest() != words.digest()
    assert Vocabulary(words.words[:3:-1], punctuation=True).digest() != words.digest()


def test_counted_in_caption_files(tmp_path):
    (tmp_path / 'coco.json').write_text(json.dumps(coco()))
    (tmp_path / 'split.json').write_text(json.dumps(karpathy()))
    counted = build_vocabulary({'data_root': str(tmp_path), 'ann_file': 'coco.json'})
    # Each colour is in two pictures with two captions; all other words are in six captions.
    assert set(counted.words[4:]) == {'a', 'square', 'the', 'picture', 'is', 'red', 'green', 'blue'}
    fewer = build_vocabulary(
        {'data_root': str(tmp_path), 'ann_file': 'split.json', 'splits': ['train'], 'min_count': 4}
    )
    assert set(fewer.words[4:]) == {'a', 'square', 'the', 'picture', 'is', 'red'}


@pytest.mark.parametrize(
    ('source', 'message'),
    [
        ({'file': 'none.json'}, "expected a file, got 'none.json', which does not exist"),
        (5, 'expected a file, words or captions to count, got 5'),
        ({'words': 'a dog'}, 'expected words to be a list of texts'),
        ({'words': []}, 'expected different words, got none'),
        ({'words': ['a', 'a']}, "expected different words, got 'a' twice"),
        ({'words': ['<end>']}, "expected different words, got '<end>' twice"),
        ({'min_count': 4}, 'expected file, words, or ann_file'),
        ({'ann_file': 'x', 'minimum': 4}, 'expected file, words, or ann_file'),
        (
            {'ann_file': 'none.json'},
            'does not exist; without the captions of training, model.head.vocabulary.file names',
        ),
    ],
)
def test_faulty_sources(source, message):
    with pytest.raises(ValueError, match=message):
        build_vocabulary(source)


def test_a_faulty_file(tmp_path):
    (tmp_path / 'v.json').write_text('[')
    with pytest.raises(ValueError, match='expected JSON as a run writes it'):
        build_vocabulary({'file': str(tmp_path / 'v.json')})
    with pytest.raises(ValueError, match='words that come 9 times, got none; set a lower min_count'):
        Vocabulary.count(CAPTIONS, min_count=9)
