"""AgMax by cross-entropy on WRN-40-2 with CutMix and AutoAugment, CIFAR-100, 200 epochs.

Paper:   Atienza, WACV 2022, Table 7, CutMix+AA with AgMax by CE: 80.9 top-1 (81.3 with mutual information, 80.1
         without).
Ours:    not run.
Run:     python tools/train.py configs/agmax/wrn40-2_cutmix_aa_200e_cifar100_ce.py
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './wrn40-2_cutmix_aa_200e_cifar100.py'

paper = [dict(table=7, row='CutMix+AA', column='CE', metric='accuracy/top1', value=80.9)]

model = dict(agreement=dict(_delete_=True, type='agmax_mm.CrossEntropyAgreement', loss_weight=1.0))
