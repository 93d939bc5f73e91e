"""Captions are cut as COCO's evaluation cuts them: by hand, and beside the Java program where there is one."""

from __future__ import annotations

import shutil

import pytest

from agmax_mm.captioning.tokens import tokenize

# Sentences, and what CoreNLP 3.4.1 made of them once the punctuation was taken out.
CUT = {
    'A man riding a wave.': 'a man riding a wave',
    "A man's dog doesn't like 2 cats; it can't see 'em.": "a man 's dog does n't like 2 cats it ca n't see 'em",
    '"A red-haired boy," she said, "rides a $5 bike (blue)."': (
        'a red-haired boy she said rides a $ 5 bike -lrb- blue -rrb-'
    ),
    "The U.S. flag is at 3:30 p.m. near Mr. Smith's house etc.": (
        "the u.s. flag is at 3:30 p.m. near mr. smith 's house etc."
    ),
    'I cannot, gonna or wanna do this... or that -- maybe - no': 'i can not gon na or wan na do this or that maybe no',
    'he sells 1/2 of an apple and/or 3 pears, w/ cheese & ham!': (
        'he sells 1/2 of an apple and/or 3 pears w / cheese & ham'
    ),
    'two people on a motor-cycle #5 @ 50% speed on I-95': 'two people on a motor-cycle # 5 @ 50 % speed on i-95',
    "the 1950's car, the '70s bus; the dogs' tails": "the 1950 's car the '70s bus the dogs tails",
    'a sign "STOP" in 1,000 languages, St. No. 5, no. more no.': 'a sign stop in 1,000 languages st. no. 5 no more no',
    'A dog.A cat sits.Then it stands .': 'a dog.a cat sits.then it stands',
    'Two men playing frisbee.; one jumps': 'two men playing frisbee. one jumps',
    'half–dash “quoted” ‘single’ don’t… é café ½ cup': "half dash quoted single do n't é café 1/2 cup",
    "five o'clock ma'am, y'all rock 'n' roll": "five o'clock ma'am y' all rock 'n' roll",
    '10am 5pm 3rd 1st 20-30 -5 3.5 .5 2x4 3D 9:00am': '10am 5pm 3rd 1st 20-30 -5 3.5 .5 2x4 3d 9:00 am',
    'A woman (age 5) in a T-shirt &amp; a hat :)': 'a woman -lrb- age 5 -rrb- in a t-shirt & a hat :-rrb-',
    'an A&M jersey, a b&w photo, e-mail joe@x.com': 'an a&m jersey a b & w photo e-mail joe@x.com',
    'first line\nsecond   line\twith\xa0spaces': 'first line second line with spaces',
    'what?! no!!': 'what ?! no !!',
    ' . ': '',
    '': '',
}


def test_sentences_with_known_words():
    wrong = {text: tokenize(text) for text, words in CUT.items() if ' '.join(tokenize(text)) != words}
    assert wrong == {}


def test_punctuation_can_stay():
    assert tokenize('A cat, a "dog".', punctuation=True) == ['a', 'cat', ',', 'a', "''", 'dog', "''", '.']


@pytest.mark.slow
@pytest.mark.skipif(shutil.which('java') is None, reason='the reference is a Java program')
def test_equals_the_reference_program():
    ptb = pytest.importorskip('pycocoevalcap.tokenizer.ptbtokenizer').PTBTokenizer()
    texts = [text for text in CUT if text.strip()]
    cut = ptb.tokenize({number: [{'caption': text}] for number, text in enumerate(texts)})
    assert {text: ' '.join(tokenize(text)) for text in texts} == {texts[number]: cut[number][0] for number in cut}
