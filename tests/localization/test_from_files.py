"""From files to figures: by the metric of the host, by the suite and in a training."""

from __future__ import annotations

import json
import math

import pytest
import torch

from agmax_mm.engine.launch import evaluate, train
from agmax_mm.localization.floors import best_share
from agmax_mm.localization.measure import (
    OVERLAPS,
    Protocol,
    centre_box,
)
from agmax_mm.robustness import suite
from tests.localization.sets import (
    CUB,
    PIPELINE,
    WNIDS,
    add_haze,
    moved,
    write_config,
    write_cub,
    write_imagenet,
)
from tests.robustness.small import ColourNetwork  # noqa: F401  registers it


@pytest.fixture
def trained(tmp_path):
    """A config and a checkpoint of the network that sees each class in a channel of its own."""
    config = write_config(tmp_path / 'find.py', write_cub(tmp_path))
    weights = {'head.fc.weight': torch.eye(3), 'head.fc.bias': torch.zeros(3)}
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'eye.pth')
    return config, tmp_path / 'eye.pth'


def expected_overlaps():
    """Of the pixels that are bright in the input with the exact boxes, by hand, for the six test images."""
    found = []
    for _, split, box in CUB.values():
        if split == 'test':
            x1, y1, x2, y2 = moved(box)
            inner = [math.ceil(x1 - 0.5), math.ceil(y1 - 0.5), math.ceil(x2 - 0.5), math.ceil(y2 - 0.5)]
            shared = max(0, min(x2, inner[2]) - max(x1, inner[0])) * max(0, min(y2, inner[3]) - max(y1, inner[1]))
            union = (x2 - x1) * (y2 - y1) + (inner[2] - inner[0]) * (inner[3] - inner[1]) - shared
            found.append(shared / union)
    return found


def test_from_files_to_figures_by_the_metric_and_by_the_suite(trained, tmp_path):
    config, checkpoint = trained
    found = evaluate(str(config), str(checkpoint), work_dir=str(tmp_path / 'test'))
    assert min(expected_overlaps()) > 0.7
    for name in ('top1', 'gt_known', 'classified', 'max_box_acc', 'max_box_acc_v2'):
        assert found[f'localization/{name}'] == 100, name
    # By hand: of the six boxes in the input, those that the box of the best size on the training boxes finds.
    train = [(torch.tensor([moved(box)]), (40, 40)) for _, split, box in CUB.values() if split == 'train']
    centre = centre_box((40, 40), best_share(train, Protocol())).tolist()
    test = [moved(box) for _, split, box in CUB.values() if split == 'test']
    for name, one in (('centre', centre), ('whole', [0, 0, 40, 40])):
        hits = 0
        for x1, y1, x2, y2 in test:
            shared = max(0, min(x2, one[2]) - max(x1, one[0])) * max(0, min(y2, one[3]) - max(y1, one[1]))
            hits += shared / ((x2 - x1) * (y2 - y1) + (one[2] - one[0]) * (one[3] - one[1]) - shared) > 0.5
        assert found[f'localization/{name}_gt_known'] == pytest.approx(100 * hits / 6)
    out = tmp_path / 'out.json'
    measured = suite.open_measurement(
        str(config), [str(checkpoint)], ['localization'], str(out), workers=0, work_dir=str(tmp_path / 'logs')
    )
    measured.fill()
    (((_, values),),) = measured.results('localization').values()
    same = {name: value for name, value in values.items() if name.startswith('localization/')}
    assert same == {name: value for name, value in found.items() if name != 'localization/threshold'}
    assert set(values) - set(same) == {'sigma', 'threshold', 'centre_share', *(f'curve/{iou}' for iou in OVERLAPS)}


def test_sigma_that_is_chosen_on_the_training_images(trained, tmp_path):
    """Around each object its colour is weaker: at 0.15 the whole image is found, from 0.61 on the object."""
    config, checkpoint = trained
    add_haze(tmp_path)
    out = str(tmp_path / 'out.json')

    def values(**options):
        given = {f'localization.{key}': value for key, value in options.items()}
        measured = suite.open_measurement(
            str(config),
            [str(checkpoint)],
            ['localization'],
            out,
            options=given,
            workers=0,
            work_dir=str(tmp_path / 'logs'),
        )
        measured.fill()
        (((condition, found),),) = measured.results('localization').values()
        return condition, found

    condition, plain = values()
    assert 'fit_sigma' not in condition
    assert plain['sigma'] == 0.15
    assert plain['localization/gt_known'] == plain['localization/whole_gt_known'] == 0
    _, fitted = values(fit_sigma=True)
    assert fitted['sigma'] == pytest.approx(0.87)  # the middle of 0.75, where the patch ends, to 0.99
    assert fitted['localization/gt_known'] == fitted['localization/top1'] == 100
    assert fitted['localization/max_box_acc'] == plain['localization/max_box_acc']
    # Of the range, from the haze on, the patch has a share of 0.145 / 0.395: 0.37 to 0.99.
    assert values(fit_sigma=True, minmax=True)[1]['sigma'] == pytest.approx(0.68)


def test_from_xml_to_figures(trained, tmp_path):
    config, checkpoint = trained
    root = write_imagenet(tmp_path) / 'ILSVRC'
    given = dict(type='agmax_mm.ImageNetBoxes', data_root=str(root), split='Data/CLS-LOC/val', ann_file='val.txt')
    options = {f'test_dataloader.dataset.{key}': value for key, value in given.items()}
    options['test_dataloader.dataset.metainfo'] = {'classes': list(WNIDS)}
    found = evaluate(str(config), str(checkpoint), work_dir=str(tmp_path / 'test'), options=options)
    assert found['localization/top1'] == found['localization/max_box_acc_v2'] == 100
    # The third object is the whole image; the others are 0.36, and 0.18 and 0.31, of it.
    assert found['localization/whole_gt_known'] == pytest.approx(100 / 3)


def test_a_training_with_two_views_records_the_figures(trained, tmp_path):
    """AgMax on labels alone: boxes are looked at in the validation, and the record knows what was measured."""
    config, checkpoint = trained
    text = config.read_text()
    views = "dict(type='agmax_mm.TwoView', num_views=2, transforms=[dict(type='agmax_mm.RandomMirror')])"
    text += f"""
train_dataloader['dataset']['pipeline'] = [*{PIPELINE[:3]!r}, {views}, dict(type='PackInputs')]
train_dataloader['collate_fn'] = dict(type='default_collate')
model['agreement'] = 'mi'
data_preprocessor['type'] = 'agmax_mm.TwoViewDataPreprocessor'
val_dataloader, val_evaluator, val_cfg = test_dataloader, test_evaluator, dict()
load_from = {str(checkpoint)!r}
"""
    config.write_text(text)
    train(str(config), work_dir=str(tmp_path / 'run'), seed=0)
    record = json.loads((tmp_path / 'run' / 'result.json').read_text())
    assert record['scores']['last']['localization/top1'] == 100
    # The training images that the centre box is fitted to go through the validation's pipeline: this one has no boxes.
    assert 0 < record['scores']['last']['localization/centre_gt_known'] < 100
    assert record['metrics']['localization/gt_known']['title'] == 'GT-known Loc'
    assert 'loss_agreement' in record['history']['train'][-1]
