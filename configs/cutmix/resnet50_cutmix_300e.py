"""ResNet-50 with CutMix, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 3, ResNet-50 + CutMix: 21.40 top-1 error, 5.92 top-5 error (23.68 and 7.05 for the
         baseline).
Authors: a batch is mixed with a chance of 1.0. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet50_cutmix_300e.py 4
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
    dict(table=3, row='ResNet-50 + CutMix', metric='error/top1', value=21.4),
    dict(table=3, row='ResNet-50 + CutMix', metric='error/top5', value=5.92),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
