"""AgMax on LeNet5 with the standard augmentation, Speech Commands, 30 epochs.

Paper:     Atienza, WACV 2022, Table 3, Standard with AgMax: top-1 90.2 (test), 90.0 (validation).
Decided:   here, not in the paper: 128 clips a step.
Ours:      not run.
Run:       python tools/train.py configs/speech/lenet5_standard_30e_agmax.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './lenet5_standard_30e.py'

paper = [
    dict(table=3, row='Standard with AgMax', column='LeNet5, test', metric='accuracy/test', value=90.2),
    dict(table=3, row='Standard with AgMax', column='LeNet5, validation', metric='accuracy/valid', value=90.0),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
