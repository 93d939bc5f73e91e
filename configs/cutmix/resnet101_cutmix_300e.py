"""ResNet-101 with CutMix, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 4, ResNet-101 + CutMix: 20.17 top-1 error, 5.24 top-5 error (21.87 and 6.29 for
         the baseline). By the table 1.70 better than the baseline; the text once says 1.60.
Authors: a batch is mixed with a chance of 1.0. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet101_cutmix_300e.py 4
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
    dict(table=4, row='ResNet-101 + CutMix', metric='error/top1', value=20.17),
    dict(table=4, row='ResNet-101 + CutMix', metric='error/top5', value=5.24),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
