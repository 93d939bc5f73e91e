"""AgMax on WRN-40-2 with MixUp and AutoAugment, CIFAR-10, 200 epochs.

Paper:     Atienza, WACV 2022, Table 2, MixUp+AA with AgMax: 96.6 top-1 (96.0 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn40-2_mixup_aa_200e_cifar10.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn40-2_mixup_aa_200e_cifar10.py'

paper = [dict(table=2, row='MixUp+AA with AgMax', column='CIFAR-10, WRN-40-2', metric='accuracy/top1', value=96.6)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
