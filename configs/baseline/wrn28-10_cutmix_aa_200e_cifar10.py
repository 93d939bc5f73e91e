"""WRN-28-10 with CutMix and AutoAugment, CIFAR-10, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, CutMix+AA without AgMax: 97.4 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn28-10_cutmix_aa_200e_cifar10.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn28-10.py',
    '../_base_/datasets/cifar10_aa.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='CutMix+AA', column='CIFAR-10, WRN-28-10', metric='accuracy/top1', value=97.4)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
