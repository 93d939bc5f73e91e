"""WRN-40-2 with MixUp and AutoAugment, CIFAR-100, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, MixUp+AA without AgMax: 79.1 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn40-2_mixup_aa_200e_cifar100.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn40-2.py',
    '../_base_/datasets/cifar100_aa.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='MixUp+AA', column='CIFAR-100, WRN-40-2', metric='accuracy/top1', value=79.1)]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0]))
