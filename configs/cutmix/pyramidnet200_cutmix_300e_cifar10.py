"""PyramidNet-200 with CutMix, CIFAR-10, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 7, CutMix: 2.88 top-1 error (3.85 for the baseline).
Authors: a batch is mixed with a chance of 0.5. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutmix_300e_cifar10.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/pyramidnet200.py',
    '../_base_/datasets/cutmix_cifar10.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=7, row='CutMix', metric='error/top1', value=2.88)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
