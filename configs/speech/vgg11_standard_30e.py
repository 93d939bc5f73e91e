"""VGG11 with the standard augmentation, Speech Commands, 30 epochs: the baseline of the AgMax recipe beside it.

Paper:   Atienza, WACV 2022, Table 3, Standard without AgMax: top-1 96.3 (test), 96.0 (validation).
Decided: here, not in the paper: 128 clips a step; batch normalisation.
Ours:    not run.
Run:     python tools/train.py configs/speech/vgg11_standard_30e.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/vgg11.py',
    '../_base_/datasets/speech_commands.py',
    '../_base_/schedules/speech_vgg11_30e.py',
    '../_base_/speech_runtime.py',
]

paper = [
    dict(table=3, row='Standard', column='VGG11, test', metric='accuracy/test', value=96.3),
    dict(table=3, row='Standard', column='VGG11, validation', metric='accuracy/valid', value=96.0),
]
