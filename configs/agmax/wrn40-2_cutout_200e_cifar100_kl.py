"""AgMax by Kullback-Leibler divergence on WRN-40-2 with CutOut, CIFAR-100, 200 epochs.

Paper:   Atienza, WACV 2022, Table 7, CutOut with AgMax by KL: 78.9 top-1 (79.2 with mutual information, 78.4 without).
Ours:    not run.
Run:     python tools/train.py configs/agmax/wrn40-2_cutout_200e_cifar100_kl.py
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './wrn40-2_cutout_200e_cifar100.py'

paper = [dict(table=7, row='CutOut', column='KL', metric='accuracy/top1', value=78.9)]

model = dict(agreement=dict(_delete_=True, type='agmax_mm.KLAgreement', loss_weight=1.0))
