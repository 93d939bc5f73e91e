"""RegNetX-200MF with the standard augmentation, ImageNet-1k, 100 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 9, Standard without AgMax: 68.8 top-1.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/regnetx-200mf_standard_100e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/regnetx-200mf.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_256.py',
    '../_base_/schedules/imagenet_100e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='RegNetX-200MF', column='Standard', metric='accuracy/top1', value=68.8)]
