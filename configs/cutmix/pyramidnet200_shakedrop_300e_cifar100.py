"""PyramidNet-200 with ShakeDrop, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, ShakeDrop: 15.08 top-1 error, 2.72 top-5 error (16.45 and 3.69 for the
         baseline).
Decided: here, not in the paper: a last block of probability 0.5, as ShakeDrop's own paper has it.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_shakedrop_300e_cifar100.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/pyramidnet200.py',
    '../_base_/datasets/cutmix_cifar100.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=5, row='ShakeDrop', metric='error/top1', value=15.08),
    dict(table=5, row='ShakeDrop', metric='error/top5', value=2.72),
]

model = dict(backbone=dict(shake_drop=dict(final_prob=0.5)), head=dict(num_classes=100))
