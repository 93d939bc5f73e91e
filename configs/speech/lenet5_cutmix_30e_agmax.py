"""AgMax on LeNet5 with CutMix, Speech Commands, 30 epochs.

Paper:     Atienza, WACV 2022, Table 3, CutMix with AgMax: top-1 88.8 (test), 89.3 (validation).
Decided:   here, not in the paper: 128 clips a step.
Ours:      not run.
Run:       python tools/train.py configs/speech/lenet5_cutmix_30e_agmax.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './lenet5_cutmix_30e.py'

paper = [
    dict(table=3, row='CutMix with AgMax', column='LeNet5, test', metric='accuracy/test', value=88.8),
    dict(table=3, row='CutMix with AgMax', column='LeNet5, validation', metric='accuracy/valid', value=89.3),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
