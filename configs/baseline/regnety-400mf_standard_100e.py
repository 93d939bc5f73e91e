"""RegNetY-400MF with the standard augmentation, ImageNet-1k, 100 epochs: the baseline of the AgMax recipe of this name.

Paper:     Atienza, WACV 2022, Table 9, Standard without AgMax: 74.3 top-1.
Ours:      not run.
Run:       tools/dist_train.sh configs/baseline/regnety-400mf_standard_100e.py 8
Reference: --cfg-options "model.backbone.init_cfg={'type': 'Kaiming', 'layer': 'Conv2d', 'mode': 'fan_out',
           'nonlinearity': 'relu'}" (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/regnety-400mf.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_256.py',
    '../_base_/schedules/imagenet_100e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='RegNetY-400MF', column='Standard', metric='accuracy/top1', value=74.3)]
