"""Files that are decoded when the boxes are known."""

import io
import math

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from agmax_mm.datasets import LoadImage, TwoView
from agmax_mm.datasets.encoded_image import Box, EncodedImage
from agmax_mm.datasets.transforms.crops import RandomResizedCrop
from agmax_mm.datasets.transforms.geometry import resized_crop

CAT = skimage.data.chelsea()[..., ::-1].copy()  # 300 x 451


def _jpeg(array, **options):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array[..., ::-1])).save(file, 'JPEG', quality=92, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    'options', [{}, {'progressive': True}, {'comment': b'x' * 300}, {'icc_profile': b'y' * 70_000}]
)
def test_size_from_the_header(options):
    assert EncodedImage(_jpeg(CAT, **options)).shape == (300, 451)


def test_what_has_no_size_before_decoding():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    turned = EncodedImage(_jpeg(CAT, exif=exif))
    assert turned.shape is None
    assert turned.decode().shape == (451, 300, 3)
    png = EncodedImage(cv2.imencode('.png', CAT)[1].tobytes())
    assert png.shape is None
    assert np.array_equal(png.decode(), CAT)
    for content in (
        b'\xff\xd8',
        b'\xff\xd8\xff\xe0\x00',
        _jpeg(CAT)[:30],
        b'no image',
        b'',
        b'\xff\xd8\xff\xda\x00\x02' + b'\xff' * 20,
    ):
        assert EncodedImage(content).shape is None
        with pytest.raises((OSError, cv2.error)):
            EncodedImage(content).decode()


@pytest.mark.parametrize('orientation', [None, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_only_what_exif_turns_leaves_the_fast_path(orientation):
    """OpenCV reads the orientation by itself: its picture has the size that was read, and is the same."""
    exif = Image.Exif()
    exif[0x010F] = 'a camera'
    if orientation is not None:
        exif[0x0112] = orientation
    content = _jpeg(CAT, exif=exif)
    image = EncodedImage(content)
    assert (image.shape is None) == (orientation not in (None, 1))
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape in (None, expected.shape[:2])
    assert np.array_equal(image.decode(), expected)
    assert EncodedImage(content, ignore_orientation=True).shape == (300, 451)


@pytest.mark.parametrize(
    'damage', [b'Exif', b'Exif\0\0', b'Exif\0\0MM\0*\0\0\0\x08\0\x09', b'Exif\0\0II' + b'\xff' * 40]
)
def test_damaged_exif_is_left_to_opencv(damage):
    plain = _jpeg(CAT)
    content = plain[:2] + b'\xff\xe1' + (2 + len(damage)).to_bytes(2, 'big') + damage + plain[2:]
    image = EncodedImage(content)
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape in (None, expected.shape[:2])
    assert np.array_equal(image.decode(), expected)


def test_unusual_and_damaged_files_are_what_opencv_makes_of_them():
    """Grey, CMYK, other samplings, and a file that ends too early, from which OpenCV saves what it can."""
    file = io.BytesIO()
    Image.fromarray(np.dstack([CAT, CAT[..., 0]]), 'CMYK').save(file, 'JPEG')
    grey = cv2.imencode('.jpg', CAT[..., 0])[1].tobytes()
    samplings = [_jpeg(CAT, subsampling=kind) for kind in (0, 1, 2)]
    rgb = _jpeg(CAT, keep_rgb=True)
    whole = _jpeg(CAT)
    for content in (file.getvalue(), grey, *samplings, rgb, whole[: len(whole) // 2], whole[:-2], whole + b'more'):
        for factor, flag in ((1, cv2.IMREAD_COLOR), (2, cv2.IMREAD_REDUCED_COLOR_2)):
            expected = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
            if expected is None:
                with pytest.raises(OSError, match='no image'):
                    EncodedImage(content).decode(factor)
            else:
                assert np.array_equal(EncodedImage(content).decode(factor), expected)


def test_decoding_equals_pillow_s():
    content = _jpeg(CAT)
    assert np.array_equal(EncodedImage(content).decode()[..., ::-1], np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize(('side', 'factor'), [(101, 1), (100, 2), (51, 2), (50, 4), (25, 8), (3, 8)])
def test_reduced_as_far_as_the_smallest_box_allows(side, factor):
    image, boxes = EncodedImage(_jpeg(CAT)).decode_for([Box(0, 0, 300, 451), Box(100, 50, 200, 299)], side)
    assert image.shape[:2] == (-(-300 // factor), -(-451 // factor))
    for box, original in zip(boxes, [(0, 0, 300, 451), (100, 50, 200, 299)], strict=True):
        assert min(box.height, box.width) >= min(side, min(original[2:]) // factor)
        for edge, full in zip(box, original, strict=True):
            assert abs(edge - full / factor) <= 1
        assert box.top + box.height <= image.shape[0]
        assert box.left + box.width <= image.shape[1]


def test_reduced_views_look_like_those_of_the_whole_picture():
    large = cv2.resize(CAT, (1804, 1200), interpolation=cv2.INTER_CUBIC)
    encoded, box = EncodedImage(_jpeg(large)), Box(100, 200, 1000, 1300)
    views = []
    reduced, [reduced_box] = encoded.decode_for([box], 224)
    assert reduced.shape == (300, 451, 3)
    for image, part in ((encoded.decode(), box), (reduced, reduced_box)):
        crop = image[part.top : part.top + part.height, part.left : part.left + part.width]
        views.append(cv2.resize(crop, (224, 224), interpolation=cv2.INTER_AREA).astype(int))
    assert np.abs(views[0] - views[1]).mean() < 2


def _sample(path):
    return {'img_path': str(path), 'gt_label': 1}


def test_reduced_crops_stay_within_what_is_said():
    large = cv2.resize(CAT, (1804, 1200), interpolation=cv2.INTER_CUBIC)
    encoded, boxes = EncodedImage(_jpeg(large)), [Box(100, 200, 1000, 1300), Box(33, 71, 910, 930)]
    reduced, reduced_boxes = encoded.decode_for(boxes, 224)
    assert reduced.shape == (300, 451, 3)
    whole = encoded.decode()
    for box, reduced_box in zip(boxes, reduced_boxes, strict=True):
        one, other = resized_crop(whole, box, 224), resized_crop(reduced, reduced_box, 224)
        assert 0 < np.abs(one.astype(int) - other).mean() < 5


def test_exif_after_the_frame_counts():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = _jpeg(CAT, exif=exif)
    start = content.index(b'\xff\xe1')
    end = start + 2 + int.from_bytes(content[start + 2 : start + 4], 'big')
    segment, rest = content[start:end], content[:start] + content[end:]
    scan = rest.index(b'\xff\xda')
    moved = EncodedImage(rest[:scan] + segment + rest[scan:])
    assert moved.shape is None
    assert moved.decode().shape == (451, 300, 3)


def test_boxes_are_those_of_the_definition():
    """Area and logarithm of the ratio are uniform, by numpy's own function and in its order of draws."""
    crop = RandomResizedCrop(8, scale=(0.1, 0.7), ratio=(0.5, 1.5))
    drawn = 0
    for seed in range(300):
        np.random.seed(seed)
        found = crop.draw(30, 50)
        np.random.seed(seed)
        area = 30 * 50 * np.random.uniform(0.1, 0.7)
        ratio = math.exp(np.random.uniform(math.log(0.5), math.log(1.5)))
        width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if width <= 50 and height <= 30:
            drawn += 1
            top = np.random.randint(30 - height + 1)
            assert found == Box(top, np.random.randint(50 - width + 1), height, width)
    assert drawn > 200


def test_views_have_boxes_of_their_own(tmp_path):
    (tmp_path / 'cat.jpg').write_bytes(_jpeg(CAT))
    np.random.seed(0)
    view = TwoView([CROP])
    pairs = [view(LoadImage()(_sample(tmp_path / 'cat.jpg')))['img'] for _ in range(10)]
    assert not any(torch.equal(*pair) for pair in pairs)


def test_size_for_transforms_of_others(tmp_path):
    (tmp_path / 'cat.jpg').write_bytes(_jpeg(CAT))
    seen = []
    view = TwoView([CROP, lambda results: seen.append((results['ori_shape'], results['img_shape'])) or results])
    view(LoadImage()(_sample(tmp_path / 'cat.jpg')))
    view({'img': CAT, 'img_shape': (300, 451), 'ori_shape': (300, 451)})
    assert seen == [((300, 451), (48, 48))] * 4


CROP = dict(type='agmax_mm.RandomResizedCrop', size=48)


def test_views_from_a_file_equal_those_of_its_array(tmp_path):
    small = CAT[:90, :90]  # too small to be reduced
    (tmp_path / 'cat.jpg').write_bytes(_jpeg(small))
    array = EncodedImage(_jpeg(small)).decode()
    view = TwoView([CROP, dict(type='agmax_mm.RandomMirror'), dict(type='agmax_mm.ColorJitter', contrast=0.4)])
    for seed in range(5):
        np.random.seed(seed)
        from_file = view(LoadImage()(_sample(tmp_path / 'cat.jpg')))
        np.random.seed(seed)
        from_array = view({'img': array, 'gt_label': 1})
        assert from_file['ori_shape'] == (90, 90)
        assert from_file['img_shape'] == (48, 48)
        for one, other in zip(from_file['img'], from_array['img'], strict=True):
            assert one.dtype == torch.uint8
            assert one.shape == (3, 48, 48)
            assert torch.equal(one, other)
        assert not torch.equal(*from_file['img'])


def test_without_a_crop_in_front_all_is_decoded(tmp_path):
    (tmp_path / 'cat.jpg').write_bytes(_jpeg(CAT))
    results = TwoView([dict(type='agmax_mm.RandomMirror', prob=0.0)], num_views=1)(
        LoadImage()(_sample(tmp_path / 'cat.jpg'))
    )
    assert results['ori_shape'] == (300, 451)
    assert np.array_equal(results['img'].permute(1, 2, 0).numpy(), EncodedImage(_jpeg(CAT)).decode())


def test_a_transform_of_another_package_between_ours(tmp_path):
    (tmp_path / 'cat.jpg').write_bytes(_jpeg(CAT))
    seen = []

    def darken(results):
        seen.append(results['img'])
        results['img'] //= 2
        return results

    np.random.seed(0)
    view = TwoView(
        [dict(type='agmax_mm.RandomMirror', prob=1.0), darken, dict(type='agmax_mm.AutoAugment', policy='cifar')]
    )
    view.transforms[2].augment = lambda image: image
    results = view(LoadImage()(_sample(tmp_path / 'cat.jpg')))
    assert [type(image) for image in seen] == [np.ndarray] * 2
    expected = EncodedImage(_jpeg(CAT)).decode()[:, ::-1] // 2
    for image in results['img']:
        assert np.array_equal(image.permute(1, 2, 0).numpy(), expected)
