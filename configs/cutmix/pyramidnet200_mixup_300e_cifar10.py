"""PyramidNet-200 with MixUp, CIFAR-10, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 7, Mixup (1.0): 3.09 top-1 error (3.85 for the baseline).
Decided: here, not in the paper: every batch is mixed.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_mixup_300e_cifar10.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/pyramidnet200.py',
    '../_base_/datasets/cutmix_cifar10.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=7, row='Mixup (1.0)', metric='error/top1', value=3.09)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0]))
