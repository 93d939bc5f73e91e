"""WRN-28-10 with CutMix, CIFAR-100, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, CutMix without AgMax: 83.8 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn28-10_cutmix_200e_cifar100.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn28-10.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='CutMix', column='CIFAR-100, WRN-28-10', metric='accuracy/top1', value=83.8)]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
