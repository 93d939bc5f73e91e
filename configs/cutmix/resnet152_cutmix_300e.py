"""ResNet-152 with CutMix, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, release page, ResNet-152 + CutMix: 19.20 top-1 error (21.69 for the baseline).
Authors: a batch is mixed with a chance of 1.0. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet152_cutmix_300e.py 4
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet152_he.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_300e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table='release page', row='ResNet-152 + CutMix', metric='error/top1', value=19.2)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
