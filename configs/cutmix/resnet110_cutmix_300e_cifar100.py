"""ResNet-110 with CutMix, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 6, ResNet-110 + CutMix: 20.11 top-1 error, 4.43 top-5 error (23.14 and 5.95 for
         the baseline).
Authors: a batch is mixed with a chance of 1.0; learning rate 0.1. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet110_cutmix_300e_cifar100.py 2
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
    dict(table=6, row='ResNet-110 + CutMix', metric='error/top1', value=20.11),
    dict(table=6, row='ResNet-110 + CutMix', metric='error/top5', value=4.43),
]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
optim_wrapper = dict(optimizer=dict(lr=0.1))
