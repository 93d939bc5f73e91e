"""VGG11 with MixUp, Speech Commands, 30 epochs: the baseline of the AgMax recipe beside it.

Paper:   Atienza, WACV 2022, Table 3, MixUp without AgMax: top-1 96.5 (test), 96.2 (validation).
Authors: the authors' script has an alpha of 0.1 for LeNet5 and of 0.2 for VGG11, the paper one of 1.
Decided: here, not in the paper: 128 clips a step; batch normalisation.
Ours:    not run.
Run:     python tools/train.py configs/speech/vgg11_mixup_30e.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/vgg11.py',
    '../_base_/datasets/speech_commands.py',
    '../_base_/schedules/speech_vgg11_30e.py',
    '../_base_/speech_runtime.py',
]

paper = [
    dict(table=3, row='MixUp', column='VGG11, test', metric='accuracy/test', value=96.5),
    dict(table=3, row='MixUp', column='VGG11, validation', metric='accuracy/valid', value=96.2),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0]))
