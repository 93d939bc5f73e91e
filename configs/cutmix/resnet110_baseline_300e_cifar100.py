"""ResNet-110 alone, CIFAR-100, 300 epochs: the baseline.

Paper:   Yun et al., ICCV 2019, Table 6, ResNet-110: 23.14 top-1 error, 5.95 top-5 error.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet110_baseline_300e_cifar100.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet110.py',
    '../_base_/datasets/cutmix_cifar100.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=6, row='ResNet-110', metric='error/top1', value=23.14),
    dict(table=6, row='ResNet-110', metric='error/top5', value=5.95),
]

model = dict(head=dict(num_classes=100))
