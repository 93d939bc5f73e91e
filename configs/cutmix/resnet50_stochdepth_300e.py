"""ResNet-50 with Stochastic Depth, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 3, ResNet-50 + StochDepth: 22.46 top-1 error, 6.27 top-5 error (23.68 and 7.05 for
         the baseline).
Decided: here, not in the paper: the rate grows linearly with depth, up to 0.25.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet50_stochdepth_300e.py 4
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
    dict(table=3, row='ResNet-50 + StochDepth', metric='error/top1', value=22.46),
    dict(table=3, row='ResNet-50 + StochDepth', metric='error/top5', value=6.27),
]

model = dict(backbone=dict(drop_path_rate=0.25))
