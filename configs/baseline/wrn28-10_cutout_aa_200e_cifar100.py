"""WRN-28-10 with CutOut and AutoAugment, CIFAR-100, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, CutOut+AA without AgMax: 83.8 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn28-10_cutout_aa_200e_cifar100.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn28-10.py',
    '../_base_/datasets/cifar100_aa.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='CutOut+AA', column='CIFAR-100, WRN-28-10', metric='accuracy/top1', value=83.8)]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(image_augments=[dict(type='agmax_mm.CutOut', length=16)])
