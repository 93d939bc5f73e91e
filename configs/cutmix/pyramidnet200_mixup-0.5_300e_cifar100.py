"""PyramidNet-200 with MixUp of alpha 0.5, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, Mixup (0.5): 15.78 top-1 error, 4.04 top-5 error (16.45 and 3.69 for the
         baseline).
Decided: here, not in the paper: every batch is mixed.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_mixup-0.5_300e_cifar100.py 2
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
    dict(table=5, row='Mixup (0.5)', metric='error/top1', value=15.78),
    dict(table=5, row='Mixup (0.5)', metric='error/top5', value=4.04),
]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=0.5)], probs=[1.0]))
