"""WRN-40-2 with CutMix, CIFAR-100, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, CutMix without AgMax: 79.4 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn40-2_cutmix_200e_cifar100.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn40-2.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='CutMix', column='CIFAR-100, WRN-40-2', metric='accuracy/top1', value=79.4)]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
