"""AgMax on WRN-28-10 with CutMix and AutoAugment, CIFAR-100, 200 epochs.

Paper:     Atienza, WACV 2022, Table 2, CutMix+AA with AgMax: 85.3 top-1 (85.0 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn28-10_cutmix_aa_200e_cifar100.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn28-10_cutmix_aa_200e_cifar100.py'

paper = [dict(table=2, row='CutMix+AA with AgMax', column='CIFAR-100, WRN-28-10', metric='accuracy/top1', value=85.3)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
