"""AgMax on VGG11 with CutOut, Speech Commands, 30 epochs.

Paper:     Atienza, WACV 2022, Table 3, CutOut with AgMax: top-1 96.5 (test), 96.1 (validation).
Authors:   the authors' code leaves it out for speech. Boxes are filled with the mean of the clip, in every clip.
Decided:   here, not in the paper: 128 clips a step; batch normalisation.
Ours:      not run.
Run:       python tools/train.py configs/speech/vgg11_cutout_30e_agmax.py
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './vgg11_cutout_30e.py'

paper = [
    dict(table=3, row='CutOut with AgMax', column='VGG11, test', metric='accuracy/test', value=96.5),
    dict(table=3, row='CutOut with AgMax', column='VGG11, validation', metric='accuracy/valid', value=96.1),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
