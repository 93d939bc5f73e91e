#!/usr/bin/env python
"""Count how bad options end: in a clear line, in a vague one, or in nothing at all.

Clear is one line that names the option and the bad value, and no class of Python's errors and no library's file.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from agmax_mm.cli import error_line, make_parser, run

_EXAMPLE = """example:
  python tools/fuzz_options.py --out work_dirs/fuzz_options.json
"""
_CLASSIFIER = 'configs/agmax/resnet50_cutmix_aa_90e.py'
_DETECTOR = 'configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py'
_PIPELINE = 'train_dataloader.dataset.pipeline'
_MIX = 'data_preprocessor.batch_augments.CutMix'
# Impossible values of options that the config has, or that a part takes.
_VALUES = {
    'optim_wrapper.optimizer.lr': '-0.1 0 nan inf fast [0.1] True',
    'optim_wrapper.optimizer.momentum': '2 -1 1 heavy [0.9] nan True',
    'optim_wrapper.optimizer.weight_decay': '-1 nan small [0] True',
    'optim_wrapper.optimizer.type': 'SDG Adamm 5 [SGD]',
    'optim_wrapper.type': 'OptimWraper 5',
    'optim_wrapper.accumulative_counts': '0 -1 1.5 two',
    'optim_wrapper.clip_grad': '5 yes {"max_norm":-1} {"max_norm":"big"}',
    'param_scheduler.milestones': '5 x [-1] [1.5] ["a"]',
    'param_scheduler.gamma': '-1 0 nan x [1]',
    'param_scheduler.by_epoch': 'maybe 5 []',
    'param_scheduler.type': 'MultiStepLr 5',
    'param_scheduler.begin': '-1 x',
    'param_scheduler.end': '-1 0 x',
    'train_cfg.max_epochs': '0 -1 1.5 many [] True',
    'train_cfg.val_interval': '0 -1 1.5 x',
    'train_cfg.by_epoch': 'maybe 5',
    'epochs': '0 -1 1.5 many []',
    'max_epochs': '0 -3 x',
    'image_size': '0 -1 1.5 big [224]',
    'data_root': '[1] {"a":1}',
    'jitter': 'maybe 5',
    'total_batch_size': '0 -4 1.5 x []',
    'train_dataloader.batch_size': '0 -1 1.5 x',
    'train_dataloader.num_workers': '-1 1.5 x',
    'train_dataloader.drop_last': 'maybe 5',
    'train_dataloader.pin_memory': 'maybe 5',
    'train_dataloader.persistent_workers': 'maybe 5',
    'train_dataloader.prefetch_factor': '0 -1 x',
    'train_dataloader.sampler.type': 'DefaultSamplr 5',
    'train_dataloader.sampler.shuffle': 'maybe 5',
    'train_dataloader.collate_fn.type': 'default_colate 5',
    'train_dataloader.dataset.type': 'ImagNet 5',
    'train_dataloader.dataset.data_root': '[1] {"a":1}',
    'train_dataloader.dataset.split': '[1]',
    'train_dataloader.dataset.pipeline': '5 x',
    f'{_PIPELINE}.RandomResizedCrop.size': '0 -1 1.5 big [224]',
    f'{_PIPELINE}.RandomMirror.prob': '2 -1 x [0.5]',
    f'{_PIPELINE}.ColorJitter.brightness': '-1 x',
    f'{_PIPELINE}.AutoAugment.policy': 'best 5',
    f'{_PIPELINE}.TwoView.num_views': '0 -1 1.5 x',
    'model': '5 x',
    'model.type': 'AgMaxClasifier 5',
    'model.agreement': 'mutual 5',
    'model.agreement.type': 'MutualInfo 5',
    'model.agreement.loss_weight': '-4 nan x [1]',
    'model.num_views': '0 -1 1 1.5 x',
    'model.init_std': '0 -1 wide',
    'model.second_view': '5 x {"share":2} {"scale":-1}',
    'model.backbone': '5 x',
    'model.backbone.type': 'ResNt 5',
    'model.backbone.depth': '0 -1 17.5 deep',
    'model.backbone.drop_path_rate': '2 -1 x',
    'model.neck.type': 'GlobalAveragePoling 5',
    'model.head': '5 x',
    'model.head.type': 'LinearClsHed 5',
    'model.head.num_classes': '0 -1 1.5 many',
    'model.head.in_channels': '0 -1 1.5 x',
    'model.head.loss.type': 'CrossEntropy 5',
    'model.head.loss.loss_weight': '-1 x nan',
    'data_preprocessor.type': 'TwoViewDataPreprocesor 5',
    'data_preprocessor.mean': '0 x ["a"] []',
    'data_preprocessor.std': '0 x [-1,1,1] [0,1,1]',
    'data_preprocessor.to_rgb': 'maybe 5',
    'data_preprocessor.share_mix': 'maybe 5',
    'data_preprocessor.batch_augments': 'cutmax 5',
    'data_preprocessor.batch_augments.probs': '0.5 [2] [-1] x',
    f'{_MIX}.alpha': '0 -1 x nan',
    f'{_MIX}.prob': '2 -1 x',
    f'{_MIX}.correct_lam': 'maybe 5',
    f'{_MIX}.rounding': 'up 5',
    'data_preprocessor.image_augments.PCALighting.alpha_std': '-1 x',
    'default_hooks': '5 x',
    'default_hooks.checkpoint': '5 x',
    'default_hooks.checkpoint.interval': '0 -2 1.5 x',
    'default_hooks.checkpoint.max_keep_ckpts': '0 1.5 x',
    'default_hooks.checkpoint.rule': 'best 5',
    'default_hooks.logger.interval': '0 -5 x',
    'default_hooks.agreement_monitor.interval': '0 -5 x',
    'default_hooks.run_record.interval': '0 -5 x',
    'default_hooks.export.type': 'BackbonExportHook 5',
    'custom_imports': '5 x',
    'auto_scale_lr': '5 x',
    'auto_scale_lr.enable': 'maybe 5',
    'auto_scale_lr.base_batch_size': '0 -1 x',
    'randomness': '5 x',
    'randomness.seed': '-1 1.5 x',
    'randomness.deterministic': 'maybe 5',
    'env_cfg': '5 x',
    'env_cfg.mp_cfg.mp_start_method': 'frok 5',
    'val_evaluator.type': 'Acuracy 5',
    'val_evaluator.topk': '0 x [0]',
    'log_level': 'LOUD',
    'find_unused_parameters': 'maybe 5',
    'compile': 'maybe 5',
    'resume': 'maybe 5',
    'load_from': '5 [1]',
}
# The same of a detector.
_VALUES_OF_DETECTOR = {
    'model.type': 'FasterRCN 5',
    'model.backbone.type': 'ResNt 5',
    'model.backbone.depth': '0 -1 17.5 deep',
    'model.backbone.frozen_stages': 'all [1]',
    'model.neck.type': 'FPNN 5',
    'model.neck.in_channels': '0 wide ["a"]',
    'model.neck.out_channels': '0 -1 wide',
    'model.neck.num_outs': '0 -1 many',
    'model.rpn_head.type': 'RPNHed 5',
    'model.rpn_head.in_channels': '0 -1 wide',
    'model.rpn_head.anchor_generator.type': 'AnchorGenerater 5',
    'model.rpn_head.anchor_generator.strides': 'x 5',
    'model.rpn_head.loss_cls.loss_weight': '-1 x nan',
    'model.roi_head.type': 'StandardRoIHed 5',
    'model.roi_head.bbox_roi_extractor.out_channels': '0 -1 x',
    'model.roi_head.bbox_roi_extractor.roi_layer.type': 'RoIAlgn',
    'model.roi_head.bbox_head.type': 'Shared2FCBBoxHed 5',
    'model.roi_head.bbox_head.num_classes': '0 -1 1.5 many',
    'model.roi_head.bbox_head.loss_bbox.type': 'L1Los 5',
    'model.train_cfg.rpn.assigner.type': 'MaxIoUAsigner 5',
    'model.train_cfg.rpn.assigner.pos_iou_thr': '2 -1 x',
    'model.train_cfg.rcnn.sampler.num': 'x 1.5',
    'model.test_cfg.rcnn.score_thr': '2 -1 x',
    'model.test_cfg.rcnn.max_per_img': 'x many',
    'model.data_preprocessor.std': '0 x [-1,1,1]',
    'data_preprocessor.std': '[1,1,1]',
    'optim_wrapper.optimizer.lr': '-0.1 0 nan fast',
    'train_cfg.max_epochs': '0 -1 1.5 many',
    'train_dataloader.batch_size': '0 -1 1.5 x',
    'train_dataloader.dataset.type': 'RepeatDatset 5',
    'val_evaluator.metric': 'map 5',
    'val_evaluator.type': 'VOCMetrik 5',
    'default_hooks.checkpoint.interval': '0 -2 1.5 x',
}
# Parts, and options of theirs whose names lose, double or swap a letter.
_NAMES = {
    '': 'model data_preprocessor optim_wrapper param_scheduler train_cfg total_batch_size auto_scale_lr default_hooks',
    'model': 'agreement backbone num_views init_std second_view',
    'model.backbone': 'depth num_stages out_indices',
    'model.head': 'num_classes in_channels loss',
    'model.agreement': 'loss_weight',
    'data_preprocessor': 'mean std to_rgb share_mix batch_augments image_augments',
    'optim_wrapper': 'clip_grad accumulative_counts optimizer',
    'optim_wrapper.optimizer': 'momentum weight_decay nesterov',
    'param_scheduler': 'milestones gamma by_epoch',
    'train_cfg': 'max_epochs val_interval',
    'train_dataloader': 'batch_size num_workers drop_last',
    'train_dataloader.dataset': 'data_root split',
    f'{_PIPELINE}.RandomMirror': 'prob',
    f'{_PIPELINE}.RandomResizedCrop': 'size',
    _MIX: 'alpha prob correct_lam rounding',
    'default_hooks.checkpoint': 'interval max_keep_ckpts save_best',
    'default_hooks.logger': 'interval',
    'default_hooks.agreement_monitor': 'interval',
    'auto_scale_lr': 'enable base_batch_size',
    'randomness': 'seed',
    'env_cfg': 'cudnn_benchmark',
}
_NAMES_OF_DETECTOR = {
    'model': 'backbone rpn_head roi_head train_cfg test_cfg',
    'model.backbone': 'depth num_stages frozen_stages norm_eval',
    'model.neck': 'in_channels out_channels num_outs',
    'model.rpn_head': 'in_channels feat_channels anchor_generator loss_cls',
    'model.roi_head': 'bbox_roi_extractor bbox_head',
    'model.roi_head.bbox_head': 'num_classes fc_out_channels roi_feat_size loss_bbox',
    'model.train_cfg.rpn.assigner': 'pos_iou_thr neg_iou_thr min_pos_iou',
    'model.train_cfg.rcnn.sampler': 'num pos_fraction',
    'model.data_preprocessor': 'mean std bgr_to_rgb pad_size_divisor',
    'train_dataloader': 'batch_size num_workers',
    'default_hooks.checkpoint': 'interval max_keep_ckpts',
}
# The value of options with a slip in their names.
_SLIP = '1'
_CLASS_OF_PYTHON = re.compile(r'\b\w*(Error|Exception)\b|Traceback|site-packages|\.py:\d')


def bad_options(values: dict[str, str], names: dict[str, str]) -> Iterator[str]:
    """All bad options as ``KEY=VALUE``."""
    for key, bad in values.items():
        for value in bad.split():
            yield f'{key}={value}'
    for part, known in names.items():
        for name in known.split():
            for slip in (name[:-2] + name[-1], name + name[-1]):
                yield f'{part}.{slip}={_SLIP}' if part else f'{slip}={_SLIP}'


def outcome(config_path: str, pair: str) -> tuple[str, str]:
    """The outcome of one option: ``'clear'``, ``'vague'`` or ``'silent'``, with the line that the command would print.

    The config is read, completed and checked as for a run; its model and its data set's transforms are built.
    """
    from mmengine.registry import DefaultScope

    from agmax_mm.engine.launch import prepare
    from agmax_mm.engine.options import parse_options
    from agmax_mm.registry import MODELS, TRANSFORMS

    try:
        config = prepare(config_path, 'unused', 'none', parse_options([pair]))
        with DefaultScope.overwrite_default_scope(config.default_scope):
            MODELS.build({'data_preprocessor': config.get('data_preprocessor'), **config.model})
            for step in config.train_dataloader.dataset.get('pipeline', []):
                TRANSFORMS.build(step)
    except Exception as error:  # whatever a library makes of it
        line = error_line(error)
        key, _, value = pair.partition('=')
        name = key.split('.')[-1]
        names = {name, 'epochs'} if name == 'max_epochs' else {name}
        # The value as Python prints it, or the one inside of a dictionary; of a slip in a name, the name.
        inner = value.strip('{}').rpartition(':')[2].strip('"')
        shown = {value.replace('"', "'").replace(',', ', '), inner, *(names if value == _SLIP else ())}
        clear = any(name in line for name in names) and any(text in line for text in shown)
        return ('vague' if not clear or _CLASS_OF_PYTHON.search(line) else 'clear'), line
    return 'silent', ''


def main() -> None:
    """Try every bad option, and print the counts."""
    parser = make_parser(__doc__, _EXAMPLE)
    parser.add_argument('--out', metavar='FILE.json', help='write every option with its outcome and message')
    args = parser.parse_args()
    found = {}
    for config, values, names in (
        (_CLASSIFIER, _VALUES, _NAMES),
        (_DETECTOR, _VALUES_OF_DETECTOR, _NAMES_OF_DETECTOR),
    ):
        ends = {pair: outcome(config, pair) for pair in bad_options(values, names)}
        counts = Counter(kind for kind, _ in ends.values())
        kinds = ', '.join(f'{counts[kind]} {kind}' for kind in ('clear', 'vague', 'silent'))
        print(f'{config}: {len(ends)} bad options: {kinds}', flush=True)
        found[config] = ends
    for ends in found.values():
        for pair, (kind, text) in ends.items():
            if kind != 'clear':
                print(f'{kind:6} {pair}  {text[:120]}')
    if args.out:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        Path(args.out).write_text(json.dumps(found, indent=1), encoding='utf-8')


if __name__ == '__main__':
    run(main)
