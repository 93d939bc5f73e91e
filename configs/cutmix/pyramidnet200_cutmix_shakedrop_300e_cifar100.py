"""PyramidNet-200 with CutMix and ShakeDrop, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, CutMix + ShakeDrop: 13.81 top-1 error, 2.29 top-5 error (16.45 and 3.69 for the
         baseline).
Authors: a batch is mixed with a chance of 0.5. Not in the paper.
Decided: here, not in the paper: a last block of probability 0.5, as ShakeDrop's own paper has it.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutmix_shakedrop_300e_cifar100.py 2
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
    dict(table=5, row='CutMix + ShakeDrop', metric='error/top1', value=13.81),
    dict(table=5, row='CutMix + ShakeDrop', metric='error/top5', value=2.29),
]

model = dict(backbone=dict(shake_drop=dict(final_prob=0.5)), head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
