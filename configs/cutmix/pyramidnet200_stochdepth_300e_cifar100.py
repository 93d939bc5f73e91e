"""PyramidNet-200 with Stochastic Depth, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, StochDepth: 15.86 top-1 error, 3.33 top-5 error (16.45 and 3.69 for the
         baseline).
Decided: here, not in the paper: the rate grows linearly with depth, up to 0.25.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_stochdepth_300e_cifar100.py 2
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
    dict(table=5, row='StochDepth', metric='error/top1', value=15.86),
    dict(table=5, row='StochDepth', metric='error/top5', value=3.33),
]

model = dict(backbone=dict(drop_path_rate=0.25), head=dict(num_classes=100))
