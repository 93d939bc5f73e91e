"""`agmax-mm init`: what is found in a folder of images, what a recipe becomes on it, and that the configs say so."""

import cv2
import numpy as np
import pytest

from agmax_mm.engine.config import load_config
from agmax_mm.engine.launch import prepare
from agmax_mm.engine.own_data import Fit, OwnData, find_own_data, fit_recipe


def write_images(folder, counts, size=(40, 60)):
    """Grey pictures, so many in each class folder."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for index in range(count):
            cv2.imwrite(str(folder / name / f'{index:02}.png'), np.full((*size, 3), 3 * index, np.uint8))


def test_configs_of_a_folder_with_splits(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / 'my photos' / 'train', {'ant': 6, 'bee': 6, 'cow': 5}, (70, 200))
    write_images(tmp_path / 'my photos' / 'valid', {'ant': 1, 'cow': 2})
    printed = command('init', '--data', 'my photos')
    assert printed.returncode == 0, printed.stderr
    assert 'my photos: 3 classes, 17 images to train and 3 to validate, 70 pixels on the shorter side' in printed.stdout
    configs = {name: prepare(f'my photos_agmax/{name}.py', None, 'none', None) for name in ('baseline', 'agmax')}
    for name, config in configs.items():
        assert config.model.head.num_classes == 3
        assert config.train_dataloader.dataset.data_root == str(tmp_path / 'my photos')
        assert config.val_dataloader.dataset.split == config.test_dataloader.dataset.split == 'valid'
        assert config.train_cfg.max_epochs == 300
        assert config.param_scheduler.milestones == [100, 200, 267]  # 30, 60 and 80 of 90
        assert config.train_dataloader.batch_size == 8
        assert config.train_dataloader.drop_last  # 17 = 2 x 8 + 1, and one image has nothing to agree with
        crop = config.train_dataloader.dataset.pipeline[1].transforms[0]
        assert crop.size == 64
        assert config.val_evaluator.topk == [1]
        assert config.work_dir == f'work_dirs/my photos/{name}'
    one, other = (config.to_dict() for config in configs.values())
    assert one['model'].get('agreement') is None
    assert other['model'].pop('agreement')['type'] == 'agmax_mm.MutualInfoAgreement'
    for config in (one, other):
        for key in ('work_dir',):
            config.pop(key)
        config['train_dataloader']['dataset']['pipeline'][1].pop('num_views')
        config['model'].pop('agreement', None)
    assert one == other
    printed = command('init', '--data', 'my photos')
    assert (printed.returncode, printed.stderr.count('--force')) == (1, 1)
    assert command('init', '--data', 'my photos', '--force', '--epochs', 7).returncode == 0
    assert load_config('my photos_agmax/agmax.py').train_cfg.max_epochs == 7


def test_one_of_five_images_validates_where_there_is_no_split(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / 'flat', {'a b': 10, 'c': 4})
    data = find_own_data(tmp_path / 'flat')
    assert [sum(label == one for _, label in data.val) for one in (0, 1)] == [2, 1]
    assert sorted([*data.train, *data.val]) == [
        *((f'a b/{index:02}.png', 0) for index in range(10)),
        *((f'c/{index:02}.png', 1) for index in range(4)),
    ]
    assert not set(data.train) & set(data.val)
    assert find_own_data(tmp_path / 'flat') == data
    assert find_own_data(tmp_path / 'flat', seed=1).val != data.val
    assert command('init', '--data', 'flat', '--out', 'here').returncode == 0
    config = prepare('here/agmax.py', None, 'none', None)
    assert 'drop_last' not in config.train_dataloader
    from agmax_mm.registry import DATASETS

    sets = {name: DATASETS.build({**config[f'{name}_dataloader'].dataset, 'pipeline': []}) for name in ('train', 'val')}
    for name, images in (('train', data.train), ('val', data.val)):
        found = [sets[name].get_data_info(index) for index in range(len(sets[name]))]
        assert [(info['img_path'], info['gt_label']) for info in found] == [
            (str(tmp_path / 'flat' / path), label) for path, label in images
        ]
        assert list(sets[name].CLASSES) == ['a b', 'c']


@pytest.mark.parametrize(
    ('count', 'side', 'recipe', 'expected'),
    [
        (1000, 333, 'resnet50_cutmix_90e', (224, 300, 64)),  # 64 x 10 <= 1000 < 128 x 10; 20,000 steps are 1280 epochs
        (640, 333, 'resnet50_cutmix_90e', (224, 300, 64)),  # 10 steps, and no fewer
        (639, 333, 'resnet50_cutmix_90e', (224, 300, 32)),
        (50_000, 100, 'resnet50_cutmix_90e', (96, 102, 256)),  # 20,000 x 256 / 50,000 = 102.4
        (1_281_167, 400, 'resnet50_cutmix_aa_270e', (224, 270, 256)),
        (50, 32, 'regnety-400mf_cutmix_aa_100e', (64, 300, 8)),
    ],
)
def test_size_length_and_batch_follow_from_the_data(tmp_path, count, side, recipe, expected):
    data = OwnData(tmp_path, ('a', 'b'), [('x', 0)] * count, [('y', 0)], ('train', 'val'), side)
    assert fit_recipe(data, recipe) == Fit(recipe, *expected)
    assert fit_recipe(data, recipe, image_size=48, epochs=3, batch_size=5) == Fit(recipe, 48, 3, 5)


def test_what_cannot_be_fitted_is_told(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / 'one', {'a': 3})
    write_images(tmp_path / 'few', {'a': 3, 'b': 1})
    write_images(tmp_path / 'unsplit' / 'train', {'a': 3, 'b': 2})
    write_images(tmp_path / 'good', {'a': 3, 'b': 2})
    (tmp_path / 'scenes' / 'annotations').mkdir(parents=True)
    write_images(tmp_path / 'bad', {'a': 3, 'b': 2})
    (tmp_path / 'bad' / 'a' / '00.png').write_text('no picture')
    for argv, message in (
        (['--data', 'nowhere'], 'which does not exist'),
        (['--data', 'one'], "at least 2 class folders in '" + str(tmp_path / 'one') + "', got a"),
        (['--data', 'few'], 'at least 2 images in every class folder, to train and to validate, got 1 in class 1 (b/'),
        (['--data', 'unsplit'], 'expected one of val, valid, validation, test beside train'),
        (['--data', 'scenes'], 'agmax-mm transfer'),
        (['--data', 'bad'], '00.png'),
        (['--data', 'good', '--epochs', '0'], '--epochs: expected at least 1, got 0'),
        (['--data', 'good', '--recipe', 'resnet50_cutmx_90e'], 'the nearest recipe is'),
        (['--data', 'good', '--recipe', 'wrn40-2_cutmix_200e_cifar10'], '--recipe: expected one of ImageNet'),
    ):
        printed = command('init', *argv)
        assert printed.returncode == 1, argv
        assert len(printed.stderr.splitlines()) == 1, printed.stderr
        assert message in printed.stderr, argv
    assert not list(tmp_path.glob('*_agmax'))
