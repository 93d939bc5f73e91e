"""LeNet5 with the standard augmentation, Speech Commands, 30 epochs: the baseline of the AgMax recipe beside it.

Paper:   Atienza, WACV 2022, Table 3, Standard without AgMax: top-1 89.9 (test), 90.0 (validation).
Decided: here, not in the paper: 128 clips a step.
Ours:    not run.
Run:     python tools/train.py configs/speech/lenet5_standard_30e.py
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/lenet5.py',
    '../_base_/datasets/speech_commands.py',
    '../_base_/schedules/speech_lenet5_30e.py',
    '../_base_/speech_runtime.py',
]

paper = [
    dict(table=3, row='Standard', column='LeNet5, test', metric='accuracy/test', value=89.9),
    dict(table=3, row='Standard', column='LeNet5, validation', metric='accuracy/valid', value=90.0),
]
