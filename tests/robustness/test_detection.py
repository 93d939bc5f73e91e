"""AP under corruption: worked by hand, and of a detector that finds bright rectangles, scored by the host."""

from __future__ import annotations

import json

import pytest
import torch

pytest.importorskip('mmcv.ops', exc_type=ImportError)
pytest.importorskip('imagecorruptions')

from mmdet.models import BaseDetector
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from agmax_mm.robustness import detection
from agmax_mm.robustness.suite import open_measurement
from tests.detection.sets import write_voc


@MODELS.register_module(force=True)
class BrightRectangle(BaseDetector):
    """One box around all that is brighter than a parameter."""

    def __init__(self, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.least = torch.nn.Parameter(torch.tensor(0.0))

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        found = []
        for image, sample in zip(batch_inputs, batch_data_samples, strict=True):
            height, width = sample.img_shape
            rows, columns = (image.mean(0)[:height, :width] > self.least).nonzero(as_tuple=True)
            boxes = torch.zeros(0, 4)
            if len(rows):
                box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                boxes = torch.tensor([[float(side) for side in box]])
            scores, labels = torch.ones(len(boxes)), torch.zeros(len(boxes), dtype=torch.long)
            found.append(InstanceData(bboxes=boxes, scores=scores, labels=labels))
        return self.add_pred_to_datasample(batch_data_samples, found)

    def loss(self, *args):
        raise NotImplementedError

    _forward = extract_feat = loss


CONFIG = """
default_scope = 'mmdet'
model = dict(type='BrightRectangle', data_preprocessor=dict(type='DetDataPreprocessor'))
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCDataset',
        metainfo=dict(classes=('box',)),
        data_root={root!r},
        ann_file='VOC2007/ImageSets/Main/test.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape')),
        ],
    ),
)
test_evaluator = dict(type='VOCMetric', metric='mAP', eval_mode='11points')
test_cfg = dict()
"""


@pytest.fixture
def opened(tmp_path):
    write_voc(tmp_path / 'voc', test=4)
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path / 'voc') + '/'))
    torch.save({'state_dict': {'least': torch.tensor(150.0)}, 'meta': {}}, tmp_path / 'bright.pth')

    def make(**options):
        return open_measurement(
            str(tmp_path / 'config.py'),
            [str(tmp_path / 'bright.pth')],
            ['corruption'],
            str(tmp_path / 'out.json'),
            options={f'corruption.{name}': value for name, value in options.items()},
            workers=0,
            work_dir=str(tmp_path / 'work'),
        )

    return make


def test_a_detector_of_bright_rectangles(opened, tmp_path):
    run = opened(corruptions=['contrast', 'gaussian_noise'], severities=[1, 5])
    run.fill()
    entries = run.results('corruption')['bright']
    scores = {(c['corruption'], c['severity']): values['pascal_voc/mAP'] for c, values in entries}
    assert scores['none', 0] == pytest.approx(1.0)
    # With little contrast left nothing is bright; with much noise single pixels are, all over the image.
    assert scores['contrast', 5] == 0
    assert scores['gaussian_noise', 5] < 0.5
    found = detection.summary(entries)
    mean = sum(score for (name, _), score in scores.items() if name != 'none') / 4
    assert found['pascal_voc/mAP/mPC'] == pytest.approx(100 * mean)
    assert found['pascal_voc/mAP/rPC'] == pytest.approx(100 * mean)
    # Again, and nothing is left to do.
    before = json.loads((tmp_path / 'out.json').read_text())['results']
    again = opened(corruptions=['contrast', 'gaussian_noise'], severities=[1, 5])
    assert again.missing() == []
    more = opened(corruptions=['contrast'], severities=[3])
    assert [condition['severity'] for _, _, condition in more.missing()] == [3]
    more.fill()
    after = json.loads((tmp_path / 'out.json').read_text())['results']
    assert [entry for entry in after if entry['condition']['severity'] != 3] == before
    texts = [block.text for block in detection.blocks(run.results('corruption'), tmp_path) if hasattr(block, 'text')]
    assert 'rPC' in texts[0]
    assert (tmp_path / 'corruption.png').is_file()


def test_by_hand():
    name = 'coco/bbox_mAP'
    entries = [
        ({'corruption': 'none', 'severity': 0}, {name: 0.5}),
        ({'corruption': 'fog', 'severity': 1}, {name: 0.4}),
        ({'corruption': 'snow', 'severity': 1}, {name: 0.2}),
        ({'corruption': 'saturate', 'severity': 1}, {name: 0.0}),  # is not scored
    ]
    found = detection.summary(entries)
    assert found[f'{name}/clean'] == 50
    assert found[f'{name}/mPC'] == pytest.approx(30)
    assert found[f'{name}/rPC'] == pytest.approx(60)
    assert detection.summary([(c, {name: 0.0}) for c, _ in entries])[f'{name}/rPC'] is None
