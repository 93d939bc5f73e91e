"""Small sets of pictures with captions, made in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SENTENCES = {
    'red': ['A red square.', 'The picture is red'],
    'green': ['A green square.', 'The picture is green'],
    'blue': ['A blue square.', 'The picture is blue'],
}
_BGR = {'red': (0, 0, 255), 'green': (0, 255, 0), 'blue': (255, 0, 0)}


def coco(number: int = 6) -> dict[str, Any]:
    """A caption file in COCO's form: pictures of three colours in turn, two captions each."""
    colours = [list(SENTENCES)[at % 3] for at in range(number)]
    return {
        'images': [{'id': 10 + at, 'file_name': f'{at}_{colour}.png'} for at, colour in enumerate(colours)],
        'annotations': [
            {'id': 100 + 2 * at + which, 'image_id': 10 + at, 'caption': caption}
            for at, colour in enumerate(colours)
            for which, caption in enumerate(SENTENCES[colour])
        ],
    }


def karpathy(number: int = 6) -> dict[str, Any]:
    """The same in Karpathy's form: the last two for validation."""
    content = coco(number)
    texts = [annotation['caption'] for annotation in content['annotations']]
    return {
        'images': [
            {
                'imgid': at,
                'filename': image['file_name'],
                'split': 'val' if at >= number - 2 else 'train',
                'sentences': [{'sentid': row, 'raw': texts[row]} for row in (2 * at, 2 * at + 1)],
            }
            for at, image in enumerate(content['images'])
        ]
    }


def write_pictures(folder: Path, number: int = 6, side: int = 20) -> None:
    """The pictures of :func:`coco`, of one colour each, a little brighter from one to the next."""
    folder.mkdir(parents=True, exist_ok=True)
    for at, image in enumerate(coco(number)['images']):
        colour = image['file_name'].partition('_')[2].partition('.')[0]
        pixels = np.full((side, side + 4, 3), 20 + 5 * at, np.uint8) + np.array(_BGR[colour], np.uint8) // 2
        assert cv2.imwrite(str(folder / image['file_name']), pixels)


def write_set(root: Path, number: int = 6) -> Path:
    """``root/annotations/captions_{train,val}2014.json`` and ``root/{train,val}2014/``."""
    for split in ('train2014', 'val2014'):
        write_pictures(root / split, number)
        (root / 'annotations').mkdir(exist_ok=True)
        (root / 'annotations' / f'captions_{split}.json').write_text(json.dumps(coco(number)))
    return root
