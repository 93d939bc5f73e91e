"""AgMax on WRN-40-2 with CutMix, CIFAR-100, 200 epochs.

Paper:     Atienza, WACV 2022, Tables 2 and 7, CutMix with AgMax: 80.0 top-1 (79.4 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn40-2_cutmix_200e_cifar100.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn40-2_cutmix_200e_cifar100.py'

paper = [
    dict(table=2, row='CutMix with AgMax', column='CIFAR-100, WRN-40-2', metric='accuracy/top1', value=80.0),
    dict(table=7, row='CutMix', column='MI', metric='accuracy/top1', value=80.0),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
