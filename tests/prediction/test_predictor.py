"""What a trained classifier and a detector say of pictures, from their checkpoints alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from agmax_mm import Predictor
from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.prediction.inputs import expand
from agmax_mm.prediction.output import one_line, write_predictions
from agmax_mm.prediction.predictor import Predictor as SamePredictor
from agmax_mm.prediction.stored_config import stored_config
from agmax_mm.registry import MODELS

ROOT = Path(__file__).parents[2]
MEAN, STD, CLASSES = [120.0, 110.0, 100.0], [60.0, 50.0, 40.0], ('ant', 'bee', 'cow')


def classifier_config():
    return {
        'default_scope': 'mmpretrain',
        'model': {
            'type': 'agmax_mm.AgMaxClassifier',
            'backbone': {'type': 'agmax_mm.WideResNet', 'depth': 10, 'widen_factor': 1},
            'neck': {'type': 'GlobalAveragePooling'},
            'head': {'type': 'LinearClsHead', 'num_classes': 3, 'in_channels': 64},
            'agreement': 'mi_qnet',
        },
        'data_preprocessor': {'type': 'agmax_mm.TwoViewDataPreprocessor', 'mean': MEAN, 'std': STD, 'to_rgb': True},
        'test_dataloader': {
            'dataset': {
                'type': 'agmax_mm.ImageFolder',
                'pipeline': [
                    {'type': 'LoadImageFromFile'},
                    {'type': 'CenterCrop', 'crop_size': 16},
                    {'type': 'PackInputs'},
                ],
            }
        },
    }


def write_checkpoint(path, config, model, classes=CLASSES):
    meta = {'cfg': Config(config).pretty_text, 'dataset_meta': {'classes': classes}, 'mmengine_version': '0.10.12'}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, path)
    return path


@pytest.fixture(scope='module')
def classifier():
    torch.manual_seed(0)
    config = classifier_config()
    preprocessor = {**config['data_preprocessor'], 'num_classes': 3}
    with DefaultScope.overwrite_default_scope('mmpretrain'):  # tests before may have left another one
        return MODELS.build({**config['model'], 'data_preprocessor': preprocessor}).eval()


@pytest.fixture
def checkpoint(tmp_path, classifier):
    return write_checkpoint(tmp_path / 'epoch_1.pth', classifier_config(), classifier)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / 'pictures'
    (folder / 'below').mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, size in (('a.png', (16, 16)), ('b.png', (20, 18)), ('below/c.bmp', (16, 30))):
        cv2.imwrite(str(folder / name), generator.integers(0, 256, (*size, 3), dtype=np.uint8))
    (folder / 'notes.txt').write_text('no picture')
    return folder


def probabilities_by_hand(classifier, path):
    """Crop, change to RGB, normalise, and classify, without any transform or preprocessor of the package."""
    picture = cv2.imread(str(path)).astype(np.float32)
    top, left = (picture.shape[0] - 16) // 2, (picture.shape[1] - 16) // 2
    rgb = picture[top : top + 16, left : left + 16, ::-1]
    image = torch.from_numpy(((rgb - MEAN) / STD).astype(np.float32)).permute(2, 0, 1)[None]
    with torch.no_grad():
        return classifier.head.fc(classifier.backbone(image)[-1].mean(dim=(2, 3))).softmax(1)[0]


def test_the_package_offers_it_by_name():
    assert Predictor is SamePredictor


@pytest.mark.parametrize('batch_size', [1, 2, 32])
def test_classes_are_those_of_the_network_worked_by_hand(checkpoint, pictures, classifier, batch_size):
    predictions = Predictor(checkpoint, batch_size=batch_size)([pictures])
    assert [Path(entry['input']).name for entry in predictions] == ['a.png', 'b.png', 'c.bmp']
    for entry in predictions:
        expected = probabilities_by_hand(classifier, entry['input'])
        values, labels = expected.sort(descending=True)
        assert [row['label'] for row in entry['classes']] == labels.tolist()
        assert [row['name'] for row in entry['classes']] == [CLASSES[label] for label in labels]
        assert [row['probability'] for row in entry['classes']] == pytest.approx(values.tolist(), rel=1e-5)


def test_an_array_is_predicted_as_its_file(checkpoint, pictures):
    predictor = Predictor(checkpoint, top=1)
    (of_file,) = predictor([pictures / 'b.png'])
    (of_array,) = predictor([cv2.imread(str(pictures / 'b.png'))])
    assert of_array == {'input': 'array 0', 'classes': of_file['classes']}
    assert len(of_file['classes']) == 1


def test_progress_counts_inputs(checkpoint, pictures):
    seen = []
    Predictor(checkpoint, batch_size=2)([pictures], lambda done, total: seen.append((done, total)))
    assert seen == [(2, 3), (3, 3)]


def test_a_config_of_the_users_stands_for_a_missing_one(tmp_path, classifier, pictures):
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': classifier.state_dict()}, path)
    with pytest.raises(ValueError, match='expected one of a training run.*--config names the config'):
        Predictor(path)
    config = tmp_path / 'mine.py'
    config.write_text(Config(classifier_config()).pretty_text)
    (entry,) = Predictor(path, config=config)([pictures / 'a.png'])
    assert {row['name'] for row in entry['classes']} == {'0', '1', '2'}


# Each would run a command, and write a file, if the config were run as Python or built by the host.
@pytest.mark.parametrize(
    'type_',
    [
        'subprocess.check_call',
        'agmax_mm.experiments.executors.subprocess.check_call',
        'agmax_mm.experiments.executors.subprocess.Popen',
        'agmax_mm.experiments.executors.Path',  # a class of another package, which would be found
        'mmengine.config.config.os.system',
        'os.system',
    ],
)
def test_a_config_in_a_checkpoint_calls_nothing(tmp_path, classifier, pictures, type_):
    config = classifier_config()
    config['model']['neck'] = {'type': type_, 'args': ['touch', str(tmp_path / 'ran')]}
    path = write_checkpoint(tmp_path / 'bad.pth', config, classifier)
    with pytest.raises(ValueError, match='expected a config of types of agmax_mm'):
        Predictor(path)
    assert not (tmp_path / 'ran').exists()


def test_modules_that_a_checkpoint_names_are_not_imported(tmp_path, classifier, pictures, monkeypatch):
    (tmp_path / 'named_module.py').write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = classifier_config()
    config['custom_imports'] = {'imports': ['named_module'], 'allow_failed_imports': False}
    path = write_checkpoint(tmp_path / 'with_imports.pth', config, classifier)
    assert 'custom_imports' not in stored_config(read_checkpoint(path))
    assert len(Predictor(path)([pictures / 'a.png'])) == 1
    assert not (tmp_path / 'ran').exists()


def test_python_in_a_checkpoint_is_not_run(tmp_path, classifier):
    path = tmp_path / 'bad.pth'
    text = f"model = open({str(tmp_path / 'ran')!r}, 'w')\n"
    torch.save({'state_dict': classifier.state_dict(), 'meta': {'cfg': text, 'mmengine_version': '0.10.12'}}, path)
    with pytest.raises(ValueError, match='expected assignments of plain values'):
        Predictor(path)
    assert not (tmp_path / 'ran').exists()
    exec(text)  # the control: run as Python it would have written
    assert (tmp_path / 'ran').exists()


def test_weights_are_not_read_from_elsewhere(tmp_path, classifier, pictures):
    config = classifier_config()
    config['model']['backbone']['init_cfg'] = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'missing.pth')}
    path = write_checkpoint(tmp_path / 'epoch_1.pth', config, classifier)
    assert Predictor(path)([pictures / 'a.png'])[0]['classes']


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        (['missing.png'], "got 'missing.png', which does not exist"),
        ([], 'expected at least one input'),
    ],
)
def test_wrong_inputs_are_told(inputs, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        expand(inputs)


def test_a_folder_without_pictures_is_told(tmp_path):
    with pytest.raises(ValueError, match='expected pictures .* got none'):
        expand([tmp_path])


def test_a_damaged_picture_is_told_by_name(checkpoint, tmp_path):
    (tmp_path / 'cut.jpg').write_bytes(b'\xff\xd8\xff\xe0')
    with pytest.raises(ValueError, match=r"got '.*cut.jpg', which cannot be read as one"):
        Predictor(checkpoint)([tmp_path / 'cut.jpg'])


def test_nan_weights_are_refused(tmp_path, classifier):
    state = {name: value.clone() for name, value in classifier.state_dict().items()}
    state['head.fc.weight'][0, 0] = float('nan')
    path = tmp_path / 'epoch_1.pth'
    meta = {'cfg': Config(classifier_config()).pretty_text, 'mmengine_version': '0.10.12'}
    torch.save({'state_dict': state, 'meta': meta}, path)
    with pytest.raises(ValueError, match=r'expected finite weights, got infinite or NaN values in head\.fc\.weight'):
        Predictor(path)


def test_the_table_has_a_line_for_each_class_and_object(tmp_path):
    predictions = [
        {'input': 'a.png', 'classes': [{'label': 1, 'name': 'bee', 'probability': 0.75}]},
        {'input': 'b.png', 'objects': [{'label': 0, 'name': 'ant', 'score': 0.5, 'box': [1.0, 2.0, 3.0, 4.0]}]},
        {'input': 'c.png', 'objects': []},
    ]
    write_predictions(predictions, tmp_path / 'out.csv')
    assert list(csv.reader((tmp_path / 'out.csv').open())) == [
        ['input', 'rank', 'label', 'name', 'score', 'x1', 'y1', 'x2', 'y2'],
        ['a.png', '1', '1', 'bee', '0.75'],
        ['b.png', '1', '0', 'ant', '0.5', '1.0', '2.0', '3.0', '4.0'],
        ['c.png', '0'],
    ]
    write_predictions(predictions, tmp_path / 'out.json')
    assert json.loads((tmp_path / 'out.json').read_text()) == predictions
    assert [one_line(entry) for entry in predictions] == [
        'a.png: bee 75.0 %',
        'b.png: ant 50.0 %',
        'c.png: nothing found',
    ]


def test_the_command_writes_draws_and_names_what_is_wrong(checkpoint, pictures, command, tmp_path):
    out, drawn = tmp_path / 'out.json', tmp_path / 'drawn'
    assert command('predict', checkpoint, pictures, '--out', out, '--show', drawn).returncode == 0
    assert len(json.loads(out.read_text())) == 3
    assert [path.name for path in sorted(drawn.iterdir())] == ['00000_a.png', '00001_b.png', '00002_c.png']
    assert min(cv2.imread(str(path)).std() for path in drawn.iterdir()) > 10
    done = command('predict', checkpoint, pictures, '--out', 'out.txt')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: --out: expected a file that ends in .json or .csv, got 'out.txt'"


def test_boxes_and_masks_of_a_detector_equal_the_hosts(tmp_path, pictures):
    """The untrained demo detector, against the host's own forward pass and post-processing of the same picture."""
    pytest.importorskip('mmdet')
    from mmcv.transforms import Compose
    from pycocotools import mask as coco

    config = Config.fromfile(ROOT / 'configs' / 'demo' / 'mask-rcnn_digits_coco.py')
    config.model.test_cfg.rcnn.score_thr = 0.0
    config.model.test_cfg.rcnn.max_per_img = 5
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        detector = MODELS.build(config.model).eval()
        steps = [step for step in config.test_dataloader.dataset.pipeline if step.type != 'LoadAnnotations']
        item = Compose(steps)({'img_path': str(pictures / 'b.png'), 'img_id': 0})
        with torch.no_grad():
            data = {'inputs': [item['inputs']], 'data_samples': [item['data_samples']]}
            expected = detector.test_step(data)[0].pred_instances
    path = write_checkpoint(tmp_path / 'detector.pth', config.to_dict(), detector, tuple('0123456789'))
    predictor = Predictor(path, min_score=0.0)
    objects = predictor([pictures / 'b.png'])[0]['objects']
    order = expected.scores.argsort(descending=True, stable=True)
    assert len(objects) == len(expected) == 5
    assert [row['score'] for row in objects] == pytest.approx(expected.scores[order].tolist())
    assert [row['name'] for row in objects] == [str(label) for label in expected.labels[order].tolist()]
    for row, box, mask in zip(objects, expected.bboxes[order], expected.masks[order], strict=True):
        assert row['box'] == pytest.approx(box.tolist())
        assert np.array_equal(coco.decode(row['mask']).astype(bool), mask.numpy())
    predictor.min_score = objects[2]['score']
    assert predictor([pictures / 'b.png'])[0]['objects'] == objects[:3]
