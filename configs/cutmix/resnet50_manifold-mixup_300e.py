"""ResNet-50 with Manifold Mixup, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 3, ResNet-50 + Manifold Mixup: 22.50 top-1 error, 6.21 top-5 error (23.68 and 7.05
         for the baseline).
Decided: here, not in the paper: one layer of the image, the stem and the first two stages is drawn at each step; every
         batch is mixed.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet50_manifold-mixup_300e.py 4
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50_he.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=3, row='ResNet-50 + Manifold Mixup', metric='error/top1', value=22.5),
    dict(table=3, row='ResNet-50 + Manifold Mixup', metric='error/top5', value=6.21),
]

model = dict(
    feature_mix=dict(
        type='agmax_mm.FeatureMix', mix=dict(type='agmax_mm.MixUp', alpha=1.0, prob=1.0), layers=[0, 1, 2, 3]
    ),
)
