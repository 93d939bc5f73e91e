"""AgMax on WRN-28-10 with CutMix, CIFAR-10, 200 epochs.

Paper:     Atienza, WACV 2022, Table 2, CutMix with AgMax: 97.7 top-1 (97.3 without).
Ours:      not run.
Run:       python tools/train.py configs/agmax/wrn28-10_cutmix_200e_cifar10.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/wrn28-10_cutmix_200e_cifar10.py'

paper = [dict(table=2, row='CutMix with AgMax', column='CIFAR-10, WRN-28-10', metric='accuracy/top1', value=97.7)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
