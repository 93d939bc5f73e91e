"""WRN-28-10 with CutOut, CIFAR-100, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, CutOut without AgMax: 82.5 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn28-10_cutout_200e_cifar100.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn28-10.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='CutOut', column='CIFAR-100, WRN-28-10', metric='accuracy/top1', value=82.5)]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(image_augments=[dict(type='agmax_mm.CutOut', length=16)])
