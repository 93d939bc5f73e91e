"""AgMax on WRN-40-2 with MixUp, CIFAR-100, 200 epochs.

Paper:     Atienza, WACV 2022, Tables 2 and 7, MixUp with AgMax: 79.5 top-1 (78.3 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn40-2_mixup_200e_cifar100.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn40-2_mixup_200e_cifar100.py'

paper = [
    dict(table=2, row='MixUp with AgMax', column='CIFAR-100, WRN-40-2', metric='accuracy/top1', value=79.5),
    dict(table=7, row='MixUp', column='MI', metric='accuracy/top1', value=79.5),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
