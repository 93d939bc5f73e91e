"""WRN-40-2 with CutMix, CIFAR-10, 200 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, CutMix without AgMax: 96.2 top-1.
Ours:    not run.
Run:     python tools/train.py configs/baseline/wrn40-2_cutmix_200e_cifar10.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/wrn40-2.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=2, row='CutMix', column='CIFAR-10, WRN-40-2', metric='accuracy/top1', value=96.2)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
