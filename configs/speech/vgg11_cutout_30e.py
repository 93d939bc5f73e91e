"""VGG11 with CutOut, Speech Commands, 30 epochs: the baseline of the AgMax recipe beside it.

Paper:   Atienza, WACV 2022, Table 3, CutOut without AgMax: top-1 96.5 (test), 96.1 (validation).
Authors: the authors' code leaves it out for speech. Boxes are filled with the mean of the clip, in every clip.
Decided: here, not in the paper: 128 clips a step; batch normalisation.
Ours:    not run.
Run:     python tools/train.py configs/speech/vgg11_cutout_30e.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/vgg11.py',
    '../_base_/datasets/speech_commands.py',
    '../_base_/schedules/speech_vgg11_30e.py',
    '../_base_/speech_runtime.py',
]

paper = [
    dict(table=3, row='CutOut', column='VGG11, test', metric='accuracy/test', value=96.5),
    dict(table=3, row='CutOut', column='VGG11, validation', metric='accuracy/valid', value=96.1),
]

data_preprocessor = dict(image_augments=[dict(type='agmax_mm.CutOut', length=16, own_mean=True)])
