"""AgMax on VGG11 with the standard augmentation, Speech Commands, 30 epochs.

Paper:     Atienza, WACV 2022, Table 3, Standard with AgMax: top-1 96.4 (test), 96.1 (validation).
Decided:   here, not in the paper: 128 clips a step; batch normalisation.
Ours:      not run.
Run:       python tools/train.py configs/speech/vgg11_standard_30e_agmax.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './vgg11_standard_30e.py'

paper = [
    dict(table=3, row='Standard with AgMax', column='VGG11, test', metric='accuracy/test', value=96.4),
    dict(table=3, row='Standard with AgMax', column='VGG11, validation', metric='accuracy/valid', value=96.1),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
