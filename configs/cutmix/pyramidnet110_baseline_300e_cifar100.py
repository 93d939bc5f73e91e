"""PyramidNet-110 alone, CIFAR-100, 300 epochs: the baseline.

Paper:   Yun et al., ICCV 2019, Table 6, PyramidNet-110: 19.85 top-1 error, 4.66 top-5 error.
Authors: trained as PyramidNet-200, as far as they remember. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet110_baseline_300e_cifar100.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/pyramidnet110.py',
    '../_base_/datasets/cutmix_cifar100.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=6, row='PyramidNet-110', metric='error/top1', value=19.85),
    dict(table=6, row='PyramidNet-110', metric='error/top5', value=4.66),
]

model = dict(head=dict(num_classes=100))
