"""AgMax on WRN-40-2 with the standard augmentation, CIFAR-100, 200 epochs.

Paper:     Atienza, WACV 2022, Tables 2 and 7, Standard with AgMax: 77.4 top-1 (76.9 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn40-2_standard_200e_cifar100.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn40-2_standard_200e_cifar100.py'

paper = [
    dict(table=2, row='Standard with AgMax', column='CIFAR-100, WRN-40-2', metric='accuracy/top1', value=77.4),
    dict(table=7, row='Standard', column='MI', metric='accuracy/top1', value=77.4),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
