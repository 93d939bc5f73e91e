from pathlib import Path

import pytest
from mmengine.config import Config

from agmax_mm.engine.config import load_config, prepare_config, skip_missing_validation
from agmax_mm.engine.hashes import config_hash
from agmax_mm.engine.options import parse_options

RECIPE = 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'


def test_values_of_options():
    pairs = [
        'a.b=1',
        'c=0.5',
        'd=None',
        'e=true',
        'f=[1,2]',
        'g=(3,4)',
        'h=x,2',
        'i=text',
        "j='1'",
        'k=a=b',
        "l={'p': 1}",
        'm=3,4',
    ]
    assert parse_options(pairs) == {
        'a.b': 1,
        'c': 0.5,
        'd': None,
        'e': True,
        'f': [1, 2],
        'g': (3, 4),
        'm': [3, 4],
        'h': ['x', 2],
        'i': 'text',
        'j': '1',
        'k': 'a=b',
        'l': {'p': 1},
    }
    with pytest.raises(ValueError, match="expected KEY=VALUE, got 'lr'"):
        parse_options(['lr'])


def test_options_reach_lists_and_dicts():
    config = load_config(
        RECIPE, {'train_dataloader.dataset.pipeline.0.num_views': 3, 'model.agreement.loss_weight': 0.0}
    )
    assert config.train_dataloader.dataset.pipeline[0].num_views == 3
    assert config.model.agreement.loss_weight == 0


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('optim_wraper.lr', "unknown key 'optim_wraper', the nearest known one is 'optim_wrapper'"),
        ('model.bacbone.depth', "unknown key 'bacbone', the nearest known one is 'backbone'"),
        ('train_dataloader.dataset.pipeline.9.num_views', "expected an index below 2, got '9'"),
        ('train_dataloader.dataset.pipeline.TwoVew.num_views', "'TwoVew', the nearest known one is 'TwoView'"),
    ],
)
def test_misspelt_options_name_the_nearest_key(option, message):
    with pytest.raises(ValueError, match=message):
        load_config(RECIPE, {option: 1})


def test_misspelt_keys_in_files(tmp_path):
    path = tmp_path / 'recipe.py'
    path.write_text(f"_base_ = '{Path(RECIPE).resolve()}'\noptim_wraper = dict()\n")
    with pytest.raises(ValueError, match=r"recipe.py'.*'optim_wraper', the nearest known one is 'optim_wrapper'"):
        load_config(str(path))
    path.write_text(f"_base_ = '{Path(RECIPE).resolve()}'\n_mine = 1\n")
    assert load_config(str(path))['_mine'] == 1


def test_missing_and_fragmentary_files():
    with pytest.raises(ValueError, match="expected a file, got 'nowhere.py'"):
        load_config('nowhere.py')
    with pytest.raises(ValueError, match='expected a recipe with a model'):
        load_config('configs/_base_/schedules/cifar_200e.py')


def test_processes_share_the_batch():
    sizes = {}
    for world_size in (1, 2, 8):
        config = load_config(RECIPE)
        prepare_config(config, world_size=world_size)
        sizes[world_size] = config.train_dataloader.batch_size
        assert config.auto_scale_lr == dict(enable=True, base_batch_size=128)
        assert ('sync_buffers' in config.default_hooks) == (world_size > 1)
    assert sizes == {1: 128, 2: 64, 8: 16}
    with pytest.raises(ValueError, match='expected a multiple of the 3 processes, got 128'):
        prepare_config(load_config(RECIPE), world_size=3)
    own = load_config(RECIPE, {'train_dataloader.batch_size': 20})
    prepare_config(own, world_size=3)
    # The host scales the learning rate by 60 / 128.
    assert (own.train_dataloader.batch_size, own.total_batch_size) == (20, 60)
    assert own.auto_scale_lr.base_batch_size == 128
    larger = load_config(RECIPE, {'total_batch_size': 512})
    prepare_config(larger, world_size=2)
    assert (larger.train_dataloader.batch_size, larger.auto_scale_lr.base_batch_size) == (256, 128)


def test_no_workers_cannot_persist():
    config = load_config(RECIPE, {'train_dataloader.num_workers': 0})
    prepare_config(config, world_size=1)
    assert config.train_dataloader.persistent_workers is False
    assert config.val_dataloader.persistent_workers is True


def test_hash_is_of_the_recipe_alone():
    config = load_config(RECIPE)
    moved = Config({**config.to_dict(), 'work_dir': 'elsewhere', 'resume': True})
    assert config_hash(moved) == config_hash(config)
    assert config_hash(load_config(RECIPE, {'optim_wrapper.optimizer.lr': 0.2})) != config_hash(config)


def test_hash_knows_the_batch_of_a_step_and_the_initial_weights():
    hashes = []
    for world_size in (1, 4):
        config = load_config(RECIPE)
        prepare_config(config, world_size=world_size)
        hashes.append(config_hash(Config({key: config[key] for key in config if key != 'default_hooks'})))
    assert hashes[0] == hashes[1]
    weights = [config_hash(load_config(RECIPE, {'load_from': name})) for name in ('a.pth', 'b.pth')]
    assert weights[0] != weights[1]


def test_validation_follows_the_training_data():
    root = 'train_dataloader.dataset.data_root'
    config = load_config(RECIPE, {root: 'here'})
    assert config.val_dataloader.dataset.data_root == config.test_dataloader.dataset.data_root == 'here'
    config = load_config(RECIPE, {root: 'here', 'val_dataloader.dataset.data_root': 'there'})
    assert (config.val_dataloader.dataset.data_root, config.test_dataloader.dataset.data_root) == ('there', 'here')


def test_missing_validation_is_left_out_only_beside_training_data(tmp_path):
    recipe = 'configs/agmax/resnet50_cutmix_aa_270e.py'
    config = load_config(recipe, {'train_dataloader.dataset.data_root': str(tmp_path)})
    assert skip_missing_validation(config) is None  # there is no training data either: an error, later
    (tmp_path / 'train').mkdir()
    assert "no 'val' beside 'train'" in skip_missing_validation(config)
    assert config.val_dataloader is config.val_cfg is config.val_evaluator is None
    (tmp_path / 'val').mkdir()
    config = load_config(recipe, {'train_dataloader.dataset.data_root': str(tmp_path)})
    assert skip_missing_validation(config) is None
    assert config.val_dataloader is not None


def test_syntax_errors_are_placed(tmp_path):
    path = tmp_path / 'recipe.py'
    path.write_text('model = dict(\n    type=,\n)\n')
    with pytest.raises(ValueError, match=r"recipe.py', line 2: expected Python, got invalid syntax"):
        load_config(str(path))


def test_an_agreement_by_name_takes_the_place_of_the_recipe_s_and_has_options():
    options = {'model.agreement': 'mi_qnet', 'model.agreement.pair_head.hid_channels': 64}
    agreement = load_config(RECIPE, options).model.agreement
    head = dict(type='agmax_mm.PairHead', hid_channels=64)
    assert agreement == dict(type='agmax_mm.PairEntropyAgreement', pair_head=head)
    assert 'pair_head' not in load_config(RECIPE).model.agreement
    # Not those of another recipe read in the same process.
    again = load_config(RECIPE, {'model.agreement': 'mi_qnet'}).model.agreement
    assert again.pair_head == dict(type='agmax_mm.PairHead')
    assert load_config(RECIPE, {'model.agreement': None}).model.agreement is None


@pytest.mark.parametrize(
    'options',
    [
        {'model.backbone': 'timm/vit_tiny_patch16_224', 'model.backbone.img_size': 32},
        {'model.backbone': {'type': 'timm/vit_tiny_patch16_224', 'img_size': 32}},
    ],
)
def test_a_backbone_by_name_takes_the_place_of_the_recipe_s(options):
    backbone = load_config(RECIPE, options).model.backbone
    assert backbone == dict(type='timm/vit_tiny_patch16_224', img_size=32)


@pytest.mark.parametrize('text', ["[dict(type='X')]", "{'a': b}", '(1, 2'])
def test_values_that_open_a_bracket_are_python_literals(text):
    with pytest.raises(ValueError, match=r'--cfg-options: expected a Python literal, .* got .hooks='):
        parse_options([f'hooks={text}'])


def test_unknown_keys_of_a_base_are_named_with_its_file(tmp_path):
    base = tmp_path / 'base.py'
    base.write_text(
        f"_base_ = '{Path('configs/baseline/wrn40-2_standard_200e_cifar10.py').resolve()}'\nmodell = {{}}\n"
    )
    (tmp_path / 'own.py').write_text("_base_ = 'base.py'\n")
    with pytest.raises(ValueError, match=rf"config '{base}': .*'modell'.* the nearest known one is 'model'"):
        load_config(str(tmp_path / 'own.py'))
