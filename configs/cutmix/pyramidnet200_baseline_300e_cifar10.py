"""PyramidNet-200 alone, CIFAR-10, 300 epochs: the baseline.

Paper:   Yun et al., ICCV 2019, Table 7, Baseline: 3.85 top-1 error.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_baseline_300e_cifar10.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/pyramidnet200.py',
    '../_base_/datasets/cutmix_cifar10.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=7, row='Baseline', metric='error/top1', value=3.85)]
