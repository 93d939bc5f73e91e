"""Captions as lists of words, by the rules of the Penn Treebank that COCO's evaluation cuts them by.

COCO's caption evaluation cuts captions with Stanford's ``PTBTokenizer`` (CoreNLP 3.4.1, a Java program) in lower case,
and takes punctuation out. This module does so without Java. The rules here were found by giving that program sentences,
and are for English captions: of smileys, mark-up and other scripts only the common forms are cut alike.
"""

from __future__ import annotations

import re
import unicodedata

# What COCO's evaluation takes out. It lists brackets in capitals, but they come in lower case: so they stay.
PUNCTUATION = frozenset(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';'])

# Abbreviations keep their full stop, ...
_ABBREVIATIONS = """
adj adm adv al ala alex apr ariz assn atty attys aug ave bhd bldg blvd brig bros calif capt cf cie cmdr co col colo
comdr conn corp cos cpl ct dak dec dept det dr drs ens esq est etc ext feb fla fri ft ga gen gov govs hon inc ind insp
intl jan jos jr jul jun kan kans ky lieut lt ltd maj mar md messrs mfg mich minn mme mo mon mont mr mrs ms mt mtg natl
neb nev nov oct okla penn pfc ph plc pres prof pte pty pvt rd rep reps rev rt sen sens sep sept seq sfc sgt spc sq sr
st ste supt supts sys tel tenn thu thurs treas tue tues univ va vs vt wed wis wisc wm wyo ph[.]d [a-z]
"""
# ... some only with a capital, ...
_WITH_CAPITAL = 'Ark Az Del Ill La Mass Miss Ore Pa Tex Wash'
# ... and some only in front of a number.
_WITH_NUMBER = 'art ca fig figs no nos op pp'

_BRACKETS = {'(': '-lrb-', ')': '-rrb-', '[': '-lsb-', ']': '-rsb-', '{': '-lcb-', '}': '-rcb-'}
# Written forms that the program makes one. Long dashes are cut off from the words beside them.
_SAME = {
    **dict.fromkeys('“”«»', '"'),
    **dict.fromkeys('‘’', "'"),
    **dict.fromkeys('–—―', ' -- '),
    '…': ' ... ',
    '½': ' 1/2 ',
    '¼': ' 1/4 ',
    '¾': ' 3/4 ',
    '£': ' # ',
    '€': ' $ ',
    '¢': ' cents ',
    '&amp;': '&',
    '&quot;': '"',
    '&lt;': '<',
    '&gt;': '>',
    '&nbsp;': ' ',
}
_SAME_PATTERN = re.compile('|'.join(map(re.escape, _SAME)))

_LETTER = r'[^\W\d_]'
_WORD_PART = rf"(?:[dol]'(?={_LETTER}|\d))?(?:{_LETTER}|\d)+"
# A word, or several joined by hyphens: t-shirt, 4-way, jack-o-lantern.
_WORD = rf'{_WORD_PART}(?:[-_‑]{_WORD_PART})*'
# The end of a word that is a word of its own: not (of a verb), is, am, are, have, will, would, and the genitive.
_ENDING = r"(?:'(?:s|m|d|re|ve|ll)(?!\w))"
_NOT = r"n['`]t(?!\w)"

_TOKEN = re.compile(
    '|'.join(
        [
            r'</?[a-z][^<>]*>',
            r'(?:https?://|www\.)[^\s"<>]*[^\s"<>.,;:!?)\]]',
            r'[\w.+-]+@[\w-]+(?:\.[\w-]+)+',
            r'[@#][^\W\d_]\w*',
            r'[:;=]-?[()](?!\w)|[:;=]-?[dpo](?!\w)',
            r'\.{3,}|\.(?: \.){2}(?!\S)',
            r'-{2,}',
            # Two words that are written as one.
            r'can(?=not(?!\w))|not(?!\w)(?<=cannot)|(?<!\w)(?:gon|wan)(?=na(?!\w))|(?<!\w)got(?=ta(?!\w))',
            r'(?<!\w)(?:lem|gim)(?=me(?!\w))|(?<!\w)\'t(?=(?:is|was)(?!\w))',
            # Dates and fractions, amounts, times: 1/2/2010, 1/2, 1,000.50, 3:30.
            r'\d{1,4}[/-]\d{1,2}[/-]\d{1,4}(?!\w)|\d*(?:[.:,]\d+)+',
            r'[-+]\d+(?!\w)',
            # Abbreviations: U.S., p.m., Mr., No. 5.
            rf'(?:{_LETTER}\.)+(?:{_LETTER}(?!\w)\.?|(?!\w|\.))',
            rf'(?-i:(?:{"|".join(_WITH_CAPITAL.split())})\.(?!\w|\.\.))',
            rf'(?:{"|".join(_ABBREVIATIONS.split())})\.(?!\w|\.\.)',
            rf'(?:{"|".join(_WITH_NUMBER.split())})\.(?= ?\d)',
            # Short words with apostrophes.
            r"(?<!\w)(?:y'(?=\w)|ol'|ma'am|o'clock|hallowe'en|c'mon|s'mores|(?:you|we)'all)|(?:o|ne|e)'er(?!\w)|d'you(?!\w)",
            r"'(?:em|til|till|cause|n'?|\d0s|(?<!\S.)\d\d)(?!\w)",
            # Stems of verbs in front of n't, of words in front of other endings.
            rf'{_LETTER}+?(?={_NOT})|{_NOT}|{_ENDING}',
            # Another mark behind a full stop makes it one of an abbreviation.
            rf'{_WORD}\.(?=[,;:])',
            # Words, several joined by up to two strokes: and/or.
            rf'{_WORD}(?:/{_WORD}){{1,2}}(?!\w)',
            r'[a-z]+(?:&[a-z]+)+(?!\w)',
            # A word that goes on behind a mark without a space: end.Then, yes!no.
            rf"{_LETTER}+(?:[.!?]{_LETTER}+)+(?![\w'])",
            _WORD,
            r'[!?]+',
            r'\*+|_+|``|\'\'',
            r'\S',
        ]
    ),
    re.IGNORECASE,
)
# In capitals A&M is one word, in small letters a & b are three.
_SMALL_JOINED = re.compile(r'[a-z]+(?:&[a-z]+)+')


def tokenize(caption: str, *, punctuation: bool = False) -> list[str]:
    """Cut a caption into words in lower case.

    Args:
        caption: A sentence of one or more lines.
        punctuation: Whether full stops, commas and other marks are words, too. COCO's evaluation takes them out.

    Returns:
        The words, such as ``['the', 'man', "'s", 'dog']``; empty for a text without any.
    """
    text = unicodedata.normalize('NFC', caption).replace('\u200b', ' ')
    text = ' '.join(_SAME_PATTERN.sub(lambda found: _SAME[found[0]], text).split())
    words = [part.lower() for token in _TOKEN.findall(text) for part in _parts(token)]
    return words if punctuation else [word for word in words if word not in PUNCTUATION]


def _parts(token: str) -> list[str]:
    """A token as the program writes it, in parts where it makes several of one."""
    if token in _BRACKETS:
        return [_BRACKETS[token]]
    if token == '"':
        return ["''"]
    if _SMALL_JOINED.fullmatch(token):
        return re.split('(&)', token)
    if token[0] in ':;=' and token[-1] in '()':
        return [token[:-1] + _BRACKETS[token[-1]]]
    if token.startswith('..') or token == '. . .':
        return ['...']
    return ['--'] if token.startswith('--') else [token]
