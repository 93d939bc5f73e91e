"""ResNet-101 with MixUp, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 4, ResNet-101 + Mixup: 20.52 top-1 error, 5.28 top-5 error (21.87 and 6.29 for the
         baseline).
Decided: here, not in the paper: every batch is mixed.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet101_mixup_300e.py 4
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet101_he.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=4, row='ResNet-101 + Mixup', metric='error/top1', value=20.52),
    dict(table=4, row='ResNet-101 + Mixup', metric='error/top5', value=5.28),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0]))
