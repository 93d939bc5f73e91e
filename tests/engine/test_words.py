"""Words for the data, the size of images and the length; and options that have the type of the config's own value."""

from argparse import Namespace
from pathlib import Path

import pytest

from agmax_mm.commands.arguments import given_options
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.options import parse_options

CIFAR = 'configs/agmax/wrn40-2_cutout_200e_cifar10.py'
IMAGENET = 'configs/agmax/resnet50_cutout_90e.py'
WIDER_TEST = 'configs/baseline/regnetx-200mf_standard_100e.py'
VOC = 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py'


def _load(path, *pairs, notes=None):
    return load_config(path, parse_options(pairs), notes)


def test_image_size_reaches_training_testing_and_cutout():
    notes = []
    config = _load(IMAGENET, 'image_size=112', notes=notes)
    assert config.train_dataloader.dataset.pipeline[1].transforms[0].size == 112
    _, resize, crop, _ = config.val_dataloader.dataset.pipeline
    assert (resize.scale, crop.crop_size) == (128, 112)
    assert config.test_dataloader.dataset.pipeline == config.val_dataloader.dataset.pipeline
    assert config.data_preprocessor.image_augments[1] == dict(type='agmax_mm.CutOut', length=56)
    assert 'CutOut.length 112 -> 56' in notes[0]
    assert 'image_size' not in config
    # Tested at 256 after training at 224: the ratio stays.
    wider = _load(WIDER_TEST, 'image_size=112').val_dataloader.dataset.pipeline
    assert (wider[1].scale, wider[2].crop_size) == (144, 128)


def test_cifar_at_another_size_is_resized_first():
    config = _load(CIFAR, 'image_size=64')
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert config[name].dataset.pipeline[0] == dict(type='Resize', scale=(64, 64))
    assert config.train_dataloader.dataset.pipeline[1].transforms[0].padding == 8
    assert config.data_preprocessor.image_augments[0].length == 32
    assert _load(CIFAR, 'image_size=32').to_dict() == _load(CIFAR).to_dict()


def test_data_root_reaches_every_data_set():
    config = _load(VOC, 'data_root=elsewhere')
    roots = str(config.to_dict()).count("'data_root': 'elsewhere'")
    assert roots == 4  # two years of training, one of validation and of testing
    own = _load(IMAGENET, 'data_root=here', 'val_dataloader.dataset.data_root=there')
    assert [own[name].dataset.data_root for name in ('train_dataloader', 'val_dataloader')] == ['here', 'there']


def test_words_at_the_top_of_a_file(tmp_path):
    base = f"_base_ = '{Path(IMAGENET).resolve()}'\n"
    (tmp_path / 'own.py').write_text(base + "data_root = 'photos'\nimage_size = 64\nepochs = 9\n")
    config = load_config(str(tmp_path / 'own.py'))
    options = _load(IMAGENET, 'data_root=photos', 'image_size=64', 'epochs=9')
    assert config.to_dict() == options.to_dict()
    assert config.train_cfg.max_epochs == 9
    # A variable of the file stays one.
    (tmp_path / 'own.py').write_text(
        base + "data_root = 'photos'\ntrain_dataloader = dict(dataset=dict(data_root=data_root))\n"
    )
    config = load_config(str(tmp_path / 'own.py'))
    roots = [config[name].dataset.data_root for name in ('train_dataloader', 'val_dataloader')]
    assert roots == ['photos', 'data/imagenet']


@pytest.mark.parametrize(
    ('path', 'pair', 'message'),
    [
        (CIFAR, 'image_size=big', "image_size: expected a whole number of pixels, at least 1, got 'big'"),
        (CIFAR, 'epochs=0', 'epochs: expected a whole number of at least 1, got 0'),
        (VOC, 'image_size=300', 'image_size: expected a config of classification'),
        ('configs/detection/ssd300_r50_voc0712.py', 'epochs=3', 'set train_cfg.max_iters'),
        (CIFAR, 'train_pipeline=[]', 'expected a key that is read, got a variable'),
        (CIFAR, 'optim_wrapper.optimizer.lr=nan', "lr: expected a number, such as 0.1, got 'nan'"),
        (CIFAR, 'optim_wrapper.optimizer.lr=1e999', "lr: expected a finite number, got '1e999'"),
        (CIFAR, 'optim_wrapper.optimizer.nesterov=maybe', "expected True or False, got 'maybe'"),
        (CIFAR, 'model.backbone.depth=deep', "depth: expected a number, such as 40, got 'deep'"),
        (CIFAR, 'optim_wrapper=fast', "optim_wrapper: expected options, .*got 'fast'"),
        (CIFAR, 'data_preprocessor.mean=0', r"mean: expected a list, such as \[125.307, .*got '0'"),
    ],
)
def test_impossible_values_name_the_option(path, pair, message):
    with pytest.raises(ValueError, match=message):
        _load(path, pair)


@pytest.mark.parametrize('root', ['20240501', 'a,b', '1e5', 'nan', "it's"])
def test_folders_may_be_called_what_they_like(root):
    for key in ('data_root', 'train_dataloader.dataset.data_root'):
        config = _load(IMAGENET, f'{key}={root}')
        assert config.train_dataloader.dataset.data_root == config.val_dataloader.dataset.data_root == root
        given = given_options(Namespace(cfg_options=[f'train_dataloader.dataset.data_root={root}'], epochs=3))
        assert load_config(IMAGENET, given).train_dataloader.dataset.data_root == root
    assert _load(IMAGENET, "data_root='20240501'").train_dataloader.dataset.data_root == '20240501'


def test_the_best_classes_are_no_more_than_there_are():
    config = _load(IMAGENET, 'model.head.num_classes=2')
    notes = prepare_config(config, world_size=1)
    assert (config.val_evaluator.topk, config.test_evaluator.topk) == ([1], [1])
    assert notes[0] == 'val_evaluator.topk [1, 5] -> [1]: the model tells 2 classes apart'
    config = _load(IMAGENET, 'model.head.num_classes=5')
    assert prepare_config(config, world_size=1) == []
    assert list(config.val_evaluator.topk) == [1, 5]


def _folders(root, *names):
    for split in ('train', 'val'):
        for name in names:
            (root / split / name).mkdir(parents=True)
    (root / 'train' / '.cache').mkdir()
    return root


def test_classes_are_counted_from_the_folders_of_the_users_data(tmp_path):
    root = _folders(tmp_path / 'photos', 'ant', 'bee', 'cow')
    notes = []
    config = load_config(str(IMAGENET), {'data_root': str(root)}, notes)
    assert config.model.head.num_classes == 3
    folder = str(root / 'train')
    assert f'classes: 3 folders in {folder!r}: model.head.num_classes 1000 -> 3' in notes
    notes = prepare_config(config, world_size=1)
    assert config.val_evaluator.topk == [1]
    assert 'val_evaluator.topk [1, 5] -> [1]: the model tells 3 classes apart' in notes


def test_an_option_for_the_number_of_classes_wins_over_the_folders(tmp_path):
    root = _folders(tmp_path / 'photos', 'ant', 'bee', 'cow')
    config = load_config(str(IMAGENET), {'data_root': str(root), 'model.head.num_classes': 7})
    assert config.model.head.num_classes == 7


def test_classes_are_not_counted_in_folders_that_are_not_there(tmp_path):
    assert load_config(str(IMAGENET), {'data_root': str(tmp_path)}).model.head.num_classes == 1000
    assert load_config(str(CIFAR), {'data_root': str(_folders(tmp_path, 'a', 'b'))}).model.head.num_classes == 10


def test_classes_are_not_counted_in_folders_where_a_list_names_the_images(tmp_path):
    root = _folders(tmp_path / 'photos', 'ant', 'bee', 'cow')
    options = {'data_root': str(root), 'train_dataloader.dataset.ann_file': 'train.txt'}
    assert load_config(str(IMAGENET), options).model.head.num_classes == 1000
    text = f'_base_ = {str(Path(IMAGENET).resolve())!r}\ndata_root = {str(root)!r}\n'
    (tmp_path / 'own.py').write_text(text)
    assert load_config(str(tmp_path / 'own.py')).model.head.num_classes == 3
    (tmp_path / 'own.py').write_text(text + "train_dataloader = dict(dataset=dict(ann_file='train.txt'))\n")
    assert load_config(str(tmp_path / 'own.py')).model.head.num_classes == 1000


def test_classes_are_counted_in_the_split_that_an_option_names(tmp_path):
    root = _folders(tmp_path / 'photos', 'ant', 'bee', 'cow')
    (root / 'few' / 'ant').mkdir(parents=True)
    (root / 'few' / 'bee').mkdir()
    options = {'data_root': str(root), 'train_dataloader.dataset.split': 'few'}
    assert load_config(str(IMAGENET), options).model.head.num_classes == 2


def test_a_total_batch_wins_over_the_batch_per_process_of_the_hosts_recipes():
    for processes, batch in ((1, 6), (2, 3)):
        config = _load(VOC, 'total_batch_size=6')
        prepare_config(config, world_size=processes)
        assert config.train_dataloader.batch_size == batch
    config = _load(IMAGENET, 'total_batch_size=64', 'train_dataloader.batch_size=8')
    prepare_config(config, world_size=2)
    assert (config.train_dataloader.batch_size, config.total_batch_size) == (8, 16)
