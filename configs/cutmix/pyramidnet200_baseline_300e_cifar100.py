"""PyramidNet-200 alone, CIFAR-100, 300 epochs: the baseline.

Paper:   Yun et al., ICCV 2019, Tables 5 and 8, Baseline: 16.45 top-1 error, 3.69 top-5 error.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_baseline_300e_cifar100.py 2
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
    dict(table=5, row='Baseline', metric='error/top1', value=16.45),
    dict(table=5, row='Baseline', metric='error/top5', value=3.69),
    dict(table=8, row='Baseline', metric='error/top1', value=16.45),
    dict(table=8, row='Baseline', metric='error/top5', value=3.69),
]

model = dict(head=dict(num_classes=100))
