"""LeNet5 with CutMix, Speech Commands, 30 epochs: the baseline of the AgMax recipe beside it.

Paper:   Atienza, WACV 2022, Table 3, CutMix without AgMax: top-1 87.1 (test), 87.5 (validation).
Decided: here, not in the paper: 128 clips a step.
Ours:    not run.
Run:     python tools/train.py configs/speech/lenet5_cutmix_30e.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/lenet5.py',
    '../_base_/datasets/speech_commands.py',
    '../_base_/schedules/speech_lenet5_30e.py',
    '../_base_/speech_runtime.py',
]

paper = [
    dict(table=3, row='CutMix', column='LeNet5, test', metric='accuracy/test', value=87.1),
    dict(table=3, row='CutMix', column='LeNet5, validation', metric='accuracy/valid', value=87.5),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
