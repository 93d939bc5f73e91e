"""A config against the signatures of what it names: no recipe is refused, and mistakes name their place."""

import re
from pathlib import Path

import pytest

from agmax_mm.engine.check_config import check_config
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.options import parse_options

RECIPE = 'configs/agmax/wrn40-2_cutmix_aa_200e_cifar10.py'
IMAGENET = 'configs/agmax/resnet50_cutout_90e.py'


def _check(path, *pairs):
    config = load_config(path, parse_options(pairs))
    prepare_config(config, world_size=1)
    check_config(config)


def test_no_recipe_of_classification_is_refused():
    folders = ('agmax', 'baseline', 'cutmix')
    paths = [str(path) for folder in folders for path in sorted(Path('configs', folder).glob('*.py'))[::6]]
    paths += ['configs/demo/pretrain_agmax.py', 'configs/demo/pretrain_baseline.py']
    faults = []
    for path in paths:
        try:
            _check(path)
        except ValueError as error:
            faults.append(f'{path}: {error}')
    assert faults == []


@pytest.mark.parametrize('name', ['mi', 'mi_qnet', 'mse', 'kl', 'ce', 'jsd', 'none'])
def test_no_agreement_is_refused(name):
    _check(RECIPE, f'model.agreement={name}')


def test_mistakes_name_their_place_and_what_was_expected():
    """One message for each kind; what was expected is written down here, not derived."""
    cases = {
        'model.backbone.depht=10': "model.backbone: unknown key 'depht', the nearest known one is 'depth'",
        'model.head.num_clases=10': "model.head: unknown key 'num_clases', the nearest known one is 'num_classes'",
        'model.agreement.los_weight=2': "'los_weight', the nearest known one is 'loss_weight'",
        'data_preprocessor.share_mixx=True': "unknown key 'share_mixx', the nearest known one is 'share_mix'",
        'data_preprocessor.batch_augments.CutMix.alfa=1': "unknown key 'alfa', the nearest known one is 'alpha'",
        'optim_wrapper.optimizer.momentm=0.9': "optim_wrapper.optimizer: unknown key 'momentm'",
        'optim_wrapper.clip_gradd={"max_norm": 1}': "optim_wrapper: unknown key 'clip_gradd', the nearest known one is",
        'optim_wrapper.optimizer.type=SDG': "unknown type 'SDG', the nearest known one is 'SGD'",
        'param_scheduler.Tmax=3': "param_scheduler: unknown key 'Tmax', the nearest known one is 'T_max'",
        'default_hooks.checkpoint.intervall=3': "default_hooks.checkpoint: unknown key 'intervall'",
        'default_hooks.mine={"interval": 3}': 'default_hooks.mine: expected a hook with a type',
        'train_dataloader.batchsize=3': "'batchsize', the nearest known one is 'batch_size'",
        'train_dataloader.dataset.pipeline.RandomMirror.probb=1': "'probb', the nearest known one is 'prob'",
        'auto_scale_lr.base_batchsize=5': "auto_scale_lr: unknown key 'base_batchsize', the nearest known one is",
        'train_cfg.max_epoch=5': "train_cfg: unknown key 'max_epoch', the nearest known one is 'max_epochs'",
        'model.agreement.loss_weight=-4': 'model.agreement.loss_weight: expected a number of at least 0',
        'optim_wrapper.optimizer.momentum=2': r'optim_wrapper.optimizer.momentum: expected a number in \[0, 1\), got 2',
        'param_scheduler.T_max=-1': 'param_scheduler.T_max: expected a number above 0, got -1',
        'param_scheduler.eta_min=-1': 'param_scheduler.eta_min: expected a number of at least 0, got -1',
        'data_preprocessor.std=[-1,1,1]': 'data_preprocessor.std: expected a number above 0, or a list of such, got',
        'optim_wrapper.clip_grad={"max_norm": -1}': 'optim_wrapper.clip_grad.max_norm: expected a number above 0',
        'custom_imports=5': 'custom_imports: expected options',
        'model.backbone.type=WideResNt': "model.backbone.type: unknown type 'WideResNt'",
        'model.init_std=wide': "model.init_std: expected a number above 0, got 'wide'",
        'total_batch_size=0': 'total_batch_size: expected a whole number of at least 1, got 0',
        'log_level=LOUD': 'log_level: expected one of CRITICAL',
    }
    faults = []
    for pair, message in cases.items():
        try:
            _check(RECIPE, pair)
            faults.append(f'{pair}: accepted')
        except ValueError as error:
            if not re.search(message, str(error)):
                faults.append(f'{pair}: {error}')
    assert faults == []


def test_options_that_go_to_another_library_are_its_own():
    """timm's models take options that no signature here names; the package's own stay checked for types of value."""
    path = 'configs/localization/efficientnet-lite0_baseline_2e_cub.py'
    _check(path, 'model.backbone.drop_path_rate=0.1')
    with pytest.raises(ValueError, match='model.backbone.norm_eval: expected'):
        _check(path, 'model.backbone.norm_eval=maybe')
    # What goes to a base is checked by the base.
    with pytest.raises(ValueError, match="train_dataloader.dataset: unknown key 'in_memry', the nearest known one is"):
        _check(path, 'train_dataloader.dataset.in_memry=True')


DETECTOR = 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py'


def test_mistakes_in_detectors_name_their_place():
    pytest.importorskip('mmdet')
    cases = {
        'model.rpn_head.feat_chanels=16': "model.rpn_head: unknown key 'feat_chanels', the nearest known one is 'feat_",
        'model.roi_head.bbox_head.type=Shared2FCBBoxHed': "unknown type 'Shared2FCBBoxHed', the nearest known one is",
        'model.roi_head.bbox_roi_extractor.roi_layer.type=RoIAlgn': "'RoIAlgn', the nearest known one is 'RoIAlign'",
        'model.train_cfg.rpn.assigner.pos_iou_thrr=0.5': "unknown key 'pos_iou_thrr', the nearest known one is 'pos_i",
        'model.neck.num_outs=many': "model.neck.num_outs: expected a number, such as 5, got 'many'",
        'model.roi_head.bbox_head.loss_cls.loss_weight=-1': 'loss_weight: expected a number of at least 0',
        'model.train_cfg.rcnn.sampler.num=1.5': 'rcnn.sampler.num: expected a whole number of at least 1, got 1.5',
        'default_hooks.detections.detectonss=1': "default_hooks.detections: unknown key 'detectonss'",
    }
    faults = []
    for pair, message in cases.items():
        try:
            _check(DETECTOR, pair)
            faults.append(f'{pair}: accepted')
        except ValueError as error:
            if message not in str(error):
                faults.append(f'{pair}: {error}')
    assert faults == []


def _host_configs(families):
    import mmdet

    root = Path(mmdet.__file__).parent / '.mim' / 'configs'
    folders = [root / name for name in families] or [path for path in sorted(root.iterdir()) if path.name[0] != '_']
    return [str(path) for folder in folders for path in sorted(folder.glob('*.py'))[: 1 if families else 2]]


def _refused(paths):
    import mmdet.datasets
    import mmdet.engine
    import mmdet.evaluation
    import mmdet.models
    import mmdet.visualization  # noqa: F401
    from mmengine.config import Config

    faults = []
    for path in paths:
        try:
            config = Config.fromfile(path)
        except Exception:  # some need packages that are not installed
            continue
        try:
            check_config(config)
        except ValueError as error:
            faults.append(str(error))
    return faults


def test_detectors_of_the_host_are_taken():
    """Options that a part reads before it builds another, and those that its base takes."""
    pytest.importorskip('mmdet')
    # dcn, keep_ratio through RandomChoiceResize, and bg_cls_weight
    assert _refused(_host_configs(['dcn', 'detr', 'albu_example'])) == []


@pytest.mark.slow
def test_all_families_of_detectors_are_taken():
    pytest.importorskip('mmdet')
    faults = _refused(_host_configs([]))
    # Two of the host's own mistakes.
    assert [fault for fault in faults if 'MOTChallengeMetrics' not in fault and "'eval_mode'" not in fault] == []
