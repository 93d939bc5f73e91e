"""AgMax on WRN-28-10 with CutOut and AutoAugment, CIFAR-10, 200 epochs.

Paper:     Atienza, WACV 2022, Table 2, CutOut+AA with AgMax: 97.8 top-1 (97.5 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn28-10_cutout_aa_200e_cifar10.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn28-10_cutout_aa_200e_cifar10.py'

paper = [dict(table=2, row='CutOut+AA with AgMax', column='CIFAR-10, WRN-28-10', metric='accuracy/top1', value=97.8)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
