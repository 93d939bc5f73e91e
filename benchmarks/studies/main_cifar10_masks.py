"""Do AgMax's backbones give better masks?

The runs of main_cifar10.py with CutMix and AutoAugment, each fine-tuned on the demo's scenes of handwritten digits, 160
pixels a side: Mask R-CNN (main_cifar10_mask_detector.py) for 200 steps of 4 scenes, with the stem, the first stage and
all batch statistics frozen, and whole. `agmax-mm digits data/digits` writes the scenes, COCO files.
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
grid = dict(
    augmentation=dict(cutmix_aa=_base_._augmentations['cutmix_aa']),
    agreement={name: _base_._agreements[name] for name in ('baseline', 'twice', 'two_views', 'mi', 'mi_qnet')},
)
seeds = [0, 1, 2]

_scenes = dict(
    task='coco',
    config='main_cifar10_mask_detector.py',
    data_root='data/digits',
    image_size=160,
    iters=200,
    batch_size=4,
    options={'train_cfg.val_interval': 200},
    metrics=['coco/segm_mAP', 'coco/bbox_mAP'],
)
transfers = dict(frozen=dict(_scenes, finetune='frozen'), full=dict(_scenes, finetune='full'))
