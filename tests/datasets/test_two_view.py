import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import DefaultScope
from PIL import Image

from agmax_mm.datasets import TwoView
from agmax_mm.registry import TRANSFORMS


class _Noise(BaseTransform):
    """Changes the image in place, and writes down what it drew."""

    def transform(self, results):
        draw = int(np.random.randint(1, 200))
        results['img'] += np.uint8(draw)
        results['draws'].append(draw)
        return results


def _sample():
    return {'img': np.zeros((4, 4, 3), np.uint8), 'gt_label': 3, 'draws': []}


def test_views_are_independent_and_start_from_the_same_image():
    np.random.seed(0)
    pairs = []
    for _ in range(50):
        results = TwoView([_Noise()], num_views=2)(_sample())
        a, b = (int(view[0, 0, 0]) for view in results['img'])
        assert all((view == view[0, 0, 0]).all() for view in results['img'])
        assert results['gt_label'] == 3
        assert results['draws'] == [a]  # the first view's, and its alone
        pairs.append((a, b))
    assert len({a == b for a, b in pairs}) == 1 + any(a == b for a, b in pairs)
    assert abs(np.corrcoef(np.array(pairs).T)[0, 1]) < 0.4
    assert sum(a != b for a, b in pairs) > 45


@pytest.mark.parametrize('views', [1, 3])
def test_number_of_views(views):
    image = TwoView([_Noise()], num_views=views)(_sample())['img']
    if views == 1:
        assert isinstance(image, np.ndarray)
    else:
        assert len(image) == views
        assert len({int(view[0, 0, 0]) for view in image}) == views


def test_one_view_draws_what_the_plain_pipeline_draws():
    np.random.seed(3)
    plain = _Noise()(_sample())['img']
    np.random.seed(3)
    assert np.array_equal(TwoView([_Noise()], num_views=1)(_sample())['img'], plain)


def test_bad_input():
    with pytest.raises(ValueError, match='num_views: expected at least 1, got 0'):
        TwoView([], num_views=0)
    with pytest.raises(ValueError, match='got None'):
        TwoView([lambda results: None])(_sample())


@pytest.mark.parametrize('views', [1, 2])
def test_pictures_of_pillow_go_through_others_transforms(views):
    random_part = [
        dict(type='torchvision/RandomResizedCrop', size=32, scale=(0.6, 1.0)),
        dict(type='torchvision/RandomAffine', degrees=15, shear=10),
        dict(type='PILToNumpy', to_bgr=True),
    ]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        to_pillow = TRANSFORMS.build(dict(type='NumpyToPIL', to_rgb=True))
        view = TRANSFORMS.build(dict(type='agmax_mm.TwoView', num_views=views, transforms=random_part))
    digit = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    torch.manual_seed(0)
    image = view(to_pillow({'img': digit.copy(), 'gt_label': 3}))['img']
    images = image if views > 1 else [image]
    assert [(one.shape, one.dtype) for one in images] == [((32, 32, 3), np.uint8)] * views
    assert len({one.tobytes() for one in images}) == views


def test_a_transform_in_place_leaves_the_other_view_s_picture_alone():
    def blacken(results):
        results['img'].paste((0, 0, 0), (0, 0, 4, 4))
        return results

    picture = Image.new('RGB', (4, 4), (9, 9, 9))
    view = TwoView([blacken, lambda results: results], num_views=3)
    images = view({'img': picture})['img']
    assert len({id(image) for image in images}) == 3
