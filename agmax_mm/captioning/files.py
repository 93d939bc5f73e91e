"""Caption files, read whole and checked: COCO's annotations and Karpathy's splits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agmax_mm.captioning.tokens import tokenize
from agmax_mm.wording import first_names

# Reasons for which a caption or an image is left out.
EMPTY = 'captions without a word'
UNLISTED = 'captions of images that are not listed'
WITHOUT = 'images without a caption'


@dataclass(frozen=True)
class CaptionedImage:
    """An image and what people wrote of it.

    Attributes:
        number: Its id, a number or a text.
        file: Its file, relative to the folder of the images.
        captions: At least one, as they are in the file.
    """

    number: int | str
    file: str
    captions: tuple[str, ...]


@dataclass
class CaptionFile:
    """Images with captions, and what was left out.

    Attributes:
        source: Path of the file.
        images: In the order of the file.
        left_out: Reason to where such captions or images are.
    """

    source: str
    images: list[CaptionedImage]
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def summary(self) -> str:
        """All counts in one line, with places of what is left out."""
        captions = sum(len(image.captions) for image in self.images)
        return f'{self.source}: {len(self.images)} images, {captions} captions{self.reasons()}'

    def reasons(self) -> str:
        """What is left out and why, as the end of a line; empty where nothing is."""
        counts = [f'{len(places)} {reason} ({first_names(places)})' for reason, places in self.left_out.items()]
        return f'; left out: {", ".join(counts)}' if counts else ''


def read_captions(path: str | Path, splits: Sequence[str] | None = None) -> CaptionFile:
    """Read a caption file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Two forms are known. COCO's has ``images`` with ``id`` and ``file_name``, and ``annotations`` with ``image_id`` and
    ``caption``. Karpathy's, of COCO, Flickr8k and Flickr30k, has ``images`` with ``filename``, maybe ``filepath``, a
    ``split``, an id, and ``sentences``, each with its ``raw`` text.

    Captions without a word, those of images that are not listed, and images without captions are left out and counted.

    Args:
        path: The file.
        splits: Names of the splits to take, such as ``('train', 'restval')``, of a file in Karpathy's form.

    Raises:
        ValueError: If the file is missing, no JSON or in another form; if an image has no file name or no id, or two
            have one id; if a caption is no text; if a split is unknown, or if ``splits`` are not what the form needs;
            or if no caption is left.
    """
    source = Path(path)
    if not source.is_file():
        raise ValueError(f'captions: expected a file, got {str(path)!r}, which does not exist')
    try:
        content = json.loads(source.read_bytes())
    except UnicodeDecodeError as error:
        raise ValueError(f'captions {str(path)!r}: expected text in UTF-8, UTF-16 or UTF-32, got {error}') from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"captions {str(path)!r}: expected JSON, in COCO's or Karpathy's form, got {error}") from None
    images: Any = content.get('images') if isinstance(content, dict) else None
    if not _is_list_of_objects(images):
        raise ValueError(f"captions {str(path)!r}: expected COCO's or Karpathy's form with a list of images")
    if any('sentences' in image for image in images):
        found = _karpathy(str(path), images, splits)
    elif splits is not None:
        raise ValueError(
            f"captions {str(path)!r}: expected Karpathy's form beside splits={list(splits)}, got COCO's, which has a "
            'file for each split'
        )
    elif not _is_list_of_objects(content.get('annotations')):
        raise ValueError(f'captions {str(path)!r}: expected annotations beside the images, or sentences in them')
    else:
        found = _coco(str(path), images, content['annotations'])
    if not found.images:
        raise ValueError(
            f'captions {str(path)!r}: expected at least one image with a caption, got none{found.reasons()}'
        )
    return found


def _coco(source: str, images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> CaptionFile:
    captions: dict[int | str, list[str]] = {}
    files: dict[int | str, str] = {}
    for image in images:
        number = _number(source, image, ('id',))
        _note_file(source, files, number, image.get('file_name'))
        captions[number] = []
    found = CaptionFile(source, [])
    for annotation in annotations:
        where = f'annotation {annotation.get("id")!r}'
        if not isinstance(annotation.get('caption'), str):
            hint = '; boxes and masks are no captions' if 'bbox' in annotation else ''
            raise ValueError(
                f'captions {source!r}: {where}: expected a caption, a text, got {annotation.get("caption")!r}{hint}'
            )
        listed = annotation.get('image_id')
        if not isinstance(listed, int | str) or listed not in captions:
            found.left_out.setdefault(UNLISTED, []).append(f'{where} with image_id {listed!r}')
        elif not tokenize(annotation['caption']):
            found.left_out.setdefault(EMPTY, []).append(f'{where} of {files[listed]}')
        else:
            captions[listed].append(annotation['caption'])
    return _with_images(found, files, captions)


def _karpathy(source: str, images: list[dict[str, Any]], splits: Sequence[str] | None) -> CaptionFile:
    known = sorted({str(image.get('split')) for image in images})
    if splits is None or isinstance(splits, str) or not splits or not set(splits) <= set(known):
        raise ValueError(f'captions {source!r}: expected splits, some of {", ".join(known)}, got {splits!r}')
    found = CaptionFile(source, [])
    files: dict[int | str, str] = {}
    captions: dict[int | str, list[str]] = {}
    for image in images:
        if image.get('split') not in splits:
            continue
        number = _number(source, image, ('cocoid', 'imgid'))
        name, folder = image.get('filename'), image.get('filepath')
        _note_file(source, files, number, f'{folder}/{name}' if isinstance(name, str) and name and folder else name)
        captions[number] = []
        if not _is_list_of_objects(image.get('sentences')):
            raise ValueError(f'captions {source!r}: {files[number]}: expected a list of sentences')
        for sentence in image['sentences']:
            if not isinstance(sentence.get('raw'), str):
                raise ValueError(f'captions {source!r}: {files[number]}: expected the raw text of each sentence')
            if tokenize(sentence['raw']):
                captions[number].append(sentence['raw'])
            else:
                found.left_out.setdefault(EMPTY, []).append(f'sentence {sentence.get("sentid")!r} of {files[number]}')
    return _with_images(found, files, captions)


def _with_images(found: CaptionFile, files: dict[int | str, str], captions: dict[int | str, list[str]]) -> CaptionFile:
    for number, file in files.items():
        if captions[number]:
            found.images.append(CaptionedImage(number, file, tuple(captions[number])))
        else:
            found.left_out.setdefault(WITHOUT, []).append(file)
    return found


def _number(source: str, image: dict[str, Any], keys: Sequence[str]) -> int | str:
    number = next((image[key] for key in keys if key in image), None)
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise ValueError(
            f'captions {source!r}: expected an id, a number or a text, for each of the images, got {number!r} for '
            f'{image.get("file_name", image.get("filename"))!r}'
        )
    return number


def _note_file(source: str, files: dict[int | str, str], number: int | str, file: Any) -> None:
    if not isinstance(file, str) or not file:
        raise ValueError(f'captions {source!r}: image {number!r}: expected the name of its file, got {file!r}')
    if number in files:
        raise ValueError(
            f'captions {source!r}: expected images with ids of their own, got {number!r} of {files[number]} and {file}'
        )
    files[number] = file


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
