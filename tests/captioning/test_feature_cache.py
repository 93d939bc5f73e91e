"""Features computed once: equal to the network's, kept apart by what they depend on, refused where they vary."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from agmax_mm.captioning.captioner import Captioner
from agmax_mm.captioning.datasets import CaptionDataset
from agmax_mm.captioning.feature_cache import FeatureCacheHook
from agmax_mm.captioning.nic_head import NICHead
from agmax_mm.captioning.vocabulary import Vocabulary
from tests.captioning.sets import write_set
from tests.ranks import run_ranks

LOAD = {'type': 'LoadImageFromFile'}
RESIZE = {'type': 'Resize', 'scale': (16, 16)}
PACK = {'type': 'mmpretrain.PackInputs', 'algorithm_keys': ('gt_captions',), 'meta_keys': ('image_id',)}


class Pool(nn.Module):
    """A neck without weights."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, maps):
        return getattr(maps, self.kind)((2, 3))

    def extra_repr(self):
        return self.kind


def captioner(neck):
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Dropout(0.5))
    return Captioner(
        backbone, neck, NICHead(6, Vocabulary(['a'])), data_preprocessor={'mean': [9.0] * 3, 'std': [7.0] * 3}
    )


def given(folder, model, *steps, workers=0):
    """A data set of five pictures with features of a model, by a pipeline, and the files that hold them."""
    dataset = CaptionDataset(
        'annotations/captions_val2014.json',
        data_root=str(folder / 'coco'),
        image_dir='val2014',
        pipeline=[LOAD, RESIZE, *steps, PACK],
        test_mode=True,
    )
    loader = SimpleNamespace(dataset=dataset, num_workers=workers)
    runner = SimpleNamespace(model=model, test_dataloader=loader, logger=logging.getLogger('test'))
    FeatureCacheHook(str(folder / 'features'), batch_size=4).before_test(runner)
    return dataset, sorted((folder / 'features').iterdir())


@pytest.fixture
def give(tmp_path):
    write_set(tmp_path / 'coco', 5)
    return partial(given, tmp_path)


def _features_of_rank(rank, folder):
    dataset, files = given(Path(folder), captioner(Pool('mean')))
    return dataset.features, len(files)


def test_two_processes_make_the_features_of_one(give, tmp_path):
    whole = give(captioner(Pool('mean')))[0].features
    (tmp_path / 'features').rename(tmp_path / 'before')
    # Five pictures: one of the processes has one less.
    for found, files in run_ranks(_features_of_rank, 2, tmp_path, str(tmp_path)):
        torch.testing.assert_close(found, whole)
        assert files == 1


@pytest.mark.parametrize('workers', [0, 1])
def test_features_are_those_of_the_network(give, workers):
    model = captioner(Pool('mean')).train()
    dataset, _ = give(model, workers=workers)
    assert model.training, 'the mode is as before'
    found, dataset.features = dataset.features, None
    model.eval()
    for row in range(5):
        data = model.data_preprocessor({'inputs': [dataset[row]['inputs']]})
        torch.testing.assert_close(found[row], model(data['inputs'])[0])
    assert not torch.equal(found[0], found[1])


def test_what_they_depend_on_tells_them_apart(give):
    files = give(captioner(Pool('mean')))[1]
    assert len(files) == 1
    assert give(captioner(Pool('mean')))[1] == files, 'the same, which is read'
    assert len(give(captioner(Pool('amax')))[1]) == 2, 'another neck without weights'
    other = captioner(Pool('mean'))
    other.backbone.out_indices = (1,)
    assert len(give(other)[1]) == 3, 'another map'
    with torch.no_grad():
        other.backbone[0].weight[0] = 0
    assert len(give(other)[1]) == 4, 'other weights'
    assert len(give(other, {'type': 'mmpretrain.CenterCrop', 'crop_size': 12})[1]) == 5, 'another part of the pictures'
    other.data_preprocessor.mean += 1
    assert len(give(other)[1]) == 6, 'another mean'


def test_chance_and_what_would_not_learn_are_refused(give):
    # It draws, and has no name that says so.
    jitter = {'type': 'mmpretrain.ColorJitter', 'brightness': 0.4}
    with pytest.raises(ValueError, match='expected a pipeline without chance, got ColorJitter; take it out'):
        give(captioner(Pool('mean')), jitter)
    neck = nn.Sequential(Pool('mean'), nn.Linear(6, 6))
    with pytest.raises(ValueError, match='expected a neck without weights, got Sequential, which would not learn'):
        give(captioner(neck))
