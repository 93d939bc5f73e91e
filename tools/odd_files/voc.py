"""Odd files in Pascal VOC's layout, after those that LabelImg, CVAT, Roboflow and scripts leave behind."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

from tests.detection.sets import edit_xml
from tools.odd_files import COUNTED, EITHER, ONE_LESS, READ, REFUSED, Odd

_LIST = 'VOC2007/ImageSets/Main/trainval.txt'
_ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">{}]>'.format(
    ''.join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
)


def _xml(pattern: str, text: str, *, count: int = 0) -> Callable[[Path], object]:
    """Replace what a pattern matches in the second annotation."""
    return lambda root: edit_xml(root, 1, lambda old: re.sub(pattern, lambda _: text, old, count=count, flags=re.S))


def _raw(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    path = 'VOC2007/Annotations/001.xml'
    return lambda root: (root / path).write_bytes(change((root / path).read_bytes()))


def _listed(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda root: (root / _LIST).write_bytes(change((root / _LIST).read_bytes()))


def _image(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    path = 'VOC2007/JPEGImages/001.jpg'
    return lambda root: (root / path).write_bytes(change((root / path).read_bytes()))


def _converted(name: str, *, keep: bool = False, said: str | None = None) -> Callable[[Path], None]:
    """Write the second image under another name, whose suffix is its format."""

    def spoil(root: Path) -> None:
        old = root / 'VOC2007/JPEGImages/001.jpg'
        written = old.with_name('written' + Path(name).suffix.lower())
        cv2.imwrite(str(written), cv2.imread(str(old)))
        if not keep:
            old.unlink()
        written.rename(old.with_name(name))
        if said:
            _xml('<size>', f'<filename>{said}</filename><size>', count=1)(root)

    return spoil


def odd_files() -> Iterator[Odd]:
    """All odd files; every set has four images with one object each, of the class box."""
    yield Odd('a byte order mark in the list', _listed(lambda data: codecs.BOM_UTF8 + data), READ)
    yield Odd('UTF-16 in the list', _listed(lambda data: codecs.BOM_UTF16_LE + data.decode().encode('utf-16-le')), READ)
    yield Odd('blank lines in the list', _listed(lambda data: data.replace(b'\n', b'\n\n  \n')), READ)
    yield Odd('line ends of Windows in the list', _listed(lambda data: data.replace(b'\n', b'\r\n')), READ)
    yield Odd('spaces at the ends of lines', _listed(lambda data: data.replace(b'\n', b'  \n')), READ)
    yield Odd('labels beside the names', _listed(lambda data: data.replace(b'\n', b'  1\n')), EITHER)
    yield Odd('names with .jpg in the list', _listed(lambda data: data.replace(b'\n', b'.jpg\n')), EITHER)
    yield Odd('a name twice in the list', _listed(lambda data: data + b'001\n'), REFUSED)
    yield Odd('a name of no file in the list', _listed(lambda data: data + b'999\n'), REFUSED)
    yield Odd('a name that leaves the folder', _listed(lambda data: data + b'../../x\n'), REFUSED)
    yield Odd('an empty list', _listed(lambda data: b''), REFUSED)
    yield Odd('a list in bytes of nothing', _listed(lambda data: b'\xff\xfa\x00' + data), REFUSED)
    yield Odd('no list', lambda root: (root / _LIST).unlink(), REFUSED)
    yield Odd('a byte order mark', _raw(lambda data: codecs.BOM_UTF8 + data), READ)
    yield Odd('UTF-16', _raw(lambda data: data.decode().encode('utf-16')), READ)
    yield Odd('a half-written annotation', _raw(lambda data: data[:60]), REFUSED)
    yield Odd('an empty annotation', _raw(lambda data: b''), REFUSED)
    yield Odd('zeros in place of the annotation', _raw(lambda data: bytes(300)), REFUSED)
    yield Odd('a web page as an annotation', _raw(lambda data: b'<html><body>404</body></html>'), REFUSED)
    yield Odd("labelme's JSON", _raw(lambda data: b'{"shapes": []}'), REFUSED)
    yield Odd("YOLO's numbers", _raw(lambda data: b'0 0.5 0.5 0.2 0.2'), REFUSED)
    yield Odd('entities of entities', _raw(lambda data: _ENTITIES.encode() + data.replace(b'box', b'&j;')), REFUSED)
    yield Odd(
        'an entity of a file',
        _raw(lambda data: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + data.replace(b'box', b'&x;')),
        REFUSED,
    )
    yield Odd('comments', _xml('<size>', '<!-- by hand --><size>'), READ)
    yield Odd('another namespace', _xml('<annotation>', '<annotation xmlns="http://a.b">'), REFUSED)
    yield Odd('no size', _xml('<size>.*</size>', ''), READ)
    yield Odd('a size of 0', _xml('<size>.*</size>', '<size><width>0</width><height>0</height></size>'), READ)
    yield Odd('a size without height', _xml('<height>.*</height>', ''), READ)
    for value in ('50', '-96', 'wide', 'nan'):
        yield Odd(f'a width of {value}', _xml('<width>.*</width>', f'<width>{value}</width>'), REFUSED)
    yield Odd('a width of 96.0', _xml('<width>.*</width>', '<width>96.0</width>'), EITHER)
    yield Odd(
        'width and height exchanged',
        _xml('<size>.*</size>', '<size><width>64</width><height>96</height></size>'),
        REFUSED,
    )
    yield Odd('an object without a name', _xml('<name>.*</name>', ''), REFUSED)
    yield Odd('an unknown class', _xml('<name>.*</name>', '<name>tin</name>'), REFUSED)
    yield Odd('a class in capitals', _xml('<name>.*</name>', '<name>Box</name>'), REFUSED)
    yield Odd('spaces around a class', _xml('<name>.*</name>', '<name> box </name>'), EITHER)
    yield Odd('no bndbox', _xml('<bndbox>.*</bndbox>', ''), REFUSED)
    yield Odd('a polygon in place of the bndbox', _xml('bndbox>', 'polygon>'), REFUSED)
    yield Odd('no xmin', _xml('<xmin>.*</xmin>', ''), REFUSED)
    for value in ('nan', 'inf', '1e300', '', 'left'):
        yield Odd(f'an xmax of {value!r}', _xml('<xmax>.*</xmax>', f'<xmax>{value}</xmax>'), REFUSED)
    yield Odd('fractions of pixels', _xml(r'</xm(?=ax|in)', '.0</xm'), READ)
    yield Odd('a box of zero area', _xml('<bndbox>.*</bndbox>', _box(9, 9, 9, 30)), COUNTED)
    yield Odd('a box with reversed corners', _xml('<bndbox>.*</bndbox>', _box(40, 9, 9, 30)), COUNTED)
    yield Odd('a box outside of the image', _xml('<bndbox>.*</bndbox>', _box(400, 9, 440, 30)), COUNTED)
    yield Odd(
        'all boxes as shares of the image',
        lambda root: [
            edit_xml(root, n, lambda old: re.sub('<bndbox>.*</bndbox>', _box(0.1, 0.1, 0.4, 0.4), old))
            for n in range(4)
        ],
        REFUSED,
    )
    yield Odd('no objects', _xml('<object>.*</object>', ''), ONE_LESS)
    yield Odd('difficult in words', _xml('<bndbox>', '<difficult>Unspecified</difficult><bndbox>'), EITHER)
    yield Odd(
        'not truncated, difficult 0', _xml('<bndbox>', '<truncated>0</truncated><difficult>0</difficult><bndbox>'), READ
    )
    yield Odd(
        'all difficult',
        lambda root: [
            edit_xml(root, n, lambda old: old.replace('<bndbox>', '<difficult>1</difficult><bndbox>')) for n in range(4)
        ],
        REFUSED,
    )
    for name in ('001.png', '001.JPG', '001.jpeg', '001.bmp', '001.webp', '001.tif'):
        yield Odd(f'an image {Path(name).suffix}', _converted(name), READ)
    yield Odd('a name in <filename> alone', _converted('a photo.png', said='a photo.png'), READ)
    yield Odd('two images of one stem', _converted('001.png', keep=True), REFUSED)
    yield Odd('two images of one stem, one named', _converted('001.png', keep=True, said='001.png'), READ)
    yield Odd(
        'a <filename> that leaves the folder',
        lambda root: _converted('002b.png', said='../../../outside.png')(root),
        EITHER,
    )
    yield Odd('an image that is missing', lambda root: (root / 'VOC2007/JPEGImages/001.jpg').unlink(), REFUSED)
    yield Odd('a half-written image', _image(lambda data: data[: len(data) // 2]), REFUSED)
    yield Odd('an empty image', _image(lambda data: b''), REFUSED)
    yield Odd('a web page as an image', _image(lambda data: b'<html>404</html>'), REFUSED)


def _box(left: float, top: float, right: float, bottom: float) -> str:
    return f'<bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox>'
