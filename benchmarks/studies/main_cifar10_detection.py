"""Do AgMax's backbones give a better detector?

The runs of main_cifar10.py with CutMix and AutoAugment, each fine-tuned on 160 photographs of raccoons and tested on 40
others, 160 pixels a side: Faster R-CNN (main_cifar10_detector.py) for 200 steps of 4 images, with the stem, the first
stage and all batch statistics frozen, and whole. The data are Pascal VOC files in data/raccoon_voc.
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
grid = dict(
    augmentation=dict(cutmix_aa=_base_._augmentations['cutmix_aa']),
    agreement={name: _base_._agreements[name] for name in ('baseline', 'twice', 'two_views', 'mi', 'mi_qnet')},
)
seeds = [0, 1, 2, 3, 4]

_raccoons = dict(
    task='voc',
    config='main_cifar10_detector.py',
    data_root='data/raccoon_voc',
    classes=['raccoon'],
    image_size=160,
    iters=200,
    batch_size=4,
)
transfers = dict(frozen=dict(_raccoons, finetune='frozen'), full=dict(_raccoons, finetune='full'))
