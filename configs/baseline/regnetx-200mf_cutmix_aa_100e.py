"""RegNetX-200MF with CutMix and AutoAugment, ImageNet-1k, 100 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 9, CutMix+AA without AgMax: 63.5 top-1.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/regnetx-200mf_cutmix_aa_100e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/regnetx-200mf.py',
    '../_base_/datasets/imagenet_aa.py',
    '../_base_/datasets/imagenet_val_256.py',
    '../_base_/schedules/imagenet_100e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='RegNetX-200MF', column='CutMix+AA', metric='accuracy/top1', value=63.5)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
