"""WRN-28-10 with the standard augmentation, CIFAR-10, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, Standard without AgMax: 96.2 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn28-10_standard_200e_cifar10.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn28-10.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='Standard', column='CIFAR-10, WRN-28-10', metric='accuracy/top1', value=96.2)]
