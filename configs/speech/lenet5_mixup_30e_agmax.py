"""AgMax on LeNet5 with MixUp, Speech Commands, 30 epochs.

Paper:     Atienza, WACV 2022, Table 3, MixUp with AgMax: top-1 89.4 (test), 89.6 (validation).
Authors:   the authors' script has an alpha of 0.1 for LeNet5 and of 0.2 for VGG11, the paper one of 1.
Decided:   here, not in the paper: 128 clips a step.
Ours:      not run.
Run:       python tools/train.py configs/speech/lenet5_mixup_30e_agmax.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './lenet5_mixup_30e.py'

paper = [
    dict(table=3, row='MixUp with AgMax', column='LeNet5, test', metric='accuracy/test', value=89.4),
    dict(table=3, row='MixUp with AgMax', column='LeNet5, validation', metric='accuracy/valid', value=89.6),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
