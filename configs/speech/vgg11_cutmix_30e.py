"""VGG11 with CutMix, Speech Commands, 30 epochs: the baseline of the AgMax recipe beside it.

Paper:   Atienza, WACV 2022, Table 3, CutMix without AgMax: top-1 96.4 (test), 96.2 (validation).
Decided: here, not in the paper: 128 clips a step; batch normalisation.
Ours:    not run.
Run:     python tools/train.py configs/speech/vgg11_cutmix_30e.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/vgg11.py',
    '../_base_/datasets/speech_commands.py',
    '../_base_/schedules/speech_vgg11_30e.py',
    '../_base_/speech_runtime.py',
]

paper = [
    dict(table=3, row='CutMix', column='VGG11, test', metric='accuracy/test', value=96.4),
    dict(table=3, row='CutMix', column='VGG11, validation', metric='accuracy/valid', value=96.2),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
