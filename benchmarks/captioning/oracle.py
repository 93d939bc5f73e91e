"""Compare the words and the scores here with those of the reference programs, on captions of real pictures.

ORACLE holds ``captions_val_126.json``, COCO's captions of 126 images, ``fakecap_results_126.json``, captions that
somebody published for them, and ``expected_scores_126.json``, what pycocoevalcap scored. The words of all captions
are compared with those of pycocoevalcap's Java program. Needs Java and pycocoevalcap.

Example:
    python -m benchmarks.captioning.oracle data/coco_caption_oracle data/*/annotations/captions_*.json --out oracle.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from agmax_mm.captioning.comparisons import python_scores
from agmax_mm.captioning.files import read_captions
from agmax_mm.captioning.meteor import meteor
from agmax_mm.captioning.scores import cider, rouge_l
from agmax_mm.captioning.tokens import tokenize
from agmax_mm.fileio import write_json
from agmax_mm.machine import library_versions

_THEIRS = {'bleu1': 'BLEU-1', 'bleu2': 'BLEU-2', 'bleu3': 'BLEU-3', 'bleu4': 'BLEU-4', 'rouge_l': 'ROUGE_L'}
_THEIRS |= {'cider': 'CIDEr', 'meteor': 'METEOR'}


def compare_scores(folder: Path) -> dict[str, Any]:
    """Each score, the expected one, and for those of single images the greatest difference."""
    images = read_captions(folder / 'captions_val_126.json').images
    results = json.loads((folder / 'fakecap_results_126.json').read_text(encoding='utf-8'))
    theirs = json.loads((folder / 'expected_scores_126.json').read_text(encoding='utf-8'))
    by_image = {result['image_id']: tokenize(result['caption']) for result in results}
    captions = [by_image[image.number] for image in images]
    references = [[tokenize(caption) for caption in image.captions] for image in images]
    found = {name.rpartition('/')[2]: value for name, value in python_scores(captions, references).items()}
    found['meteor'], meteors = meteor(captions, references)
    each = {'rouge_l': rouge_l(captions, references), 'cider': cider(captions, references), 'meteor': meteors}
    rows: dict[str, Any] = {}
    for name, value in found.items():
        rows[name] = {'here': value, 'expected': theirs['corpus'][_THEIRS[name]]}
        if name in each:
            expected = [theirs['per_image'][_THEIRS[name]][str(image.number)] for image in images]
            rows[name]['greatest_difference_of_an_image'] = max(
                abs(one - other) for one, other in zip(each[name], expected, strict=True)
            )
    return rows


def compare_words(texts: list[str]) -> dict[str, Any]:
    """The number of captions, and those that are cut otherwise than by the Java program."""
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    cut = PTBTokenizer().tokenize({number: [{'caption': text}] for number, text in enumerate(texts)})
    differing = [text for number, text in enumerate(texts) if ' '.join(tokenize(text)) != cut[number][0]]
    return {'captions': len(texts), 'cut_otherwise': differing}


def main() -> None:
    """Compare, and write the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('oracle', type=Path, metavar='ORACLE')
    parser.add_argument('files', nargs='*', type=Path, metavar='CAPTIONS.json')
    parser.add_argument('--out', type=Path, required=True, metavar='FILE.json')
    args = parser.parse_args()
    results = json.loads((args.oracle / 'fakecap_results_126.json').read_text(encoding='utf-8'))
    texts = [result['caption'] for result in results]
    for path in [args.oracle / 'captions_val_126.json', *args.files]:
        texts += [caption for image in read_captions(path).images for caption in image.captions]
    content = {'scores': compare_scores(args.oracle), 'words': compare_words(texts), 'versions': library_versions()}
    write_json(content, args.out)
    print(json.dumps(content, indent=2))


if __name__ == '__main__':
    main()
