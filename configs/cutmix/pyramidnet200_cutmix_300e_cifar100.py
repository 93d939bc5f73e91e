"""PyramidNet-200 with CutMix, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Tables 5 and 8 and Figure 3, CutMix: 14.47 top-1 error, 2.97 top-5 error (16.45 and 3.69
         for the baseline). The release page of the authors' code has 14.23, the best single run.
Authors: a batch is mixed with a chance of 0.5. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutmix_300e_cifar100.py 2
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
    dict(table=5, row='CutMix', metric='error/top1', value=14.47),
    dict(table=5, row='CutMix', metric='error/top5', value=2.97),
    dict(table=8, row='CutMix', metric='error/top1', value=14.47),
    dict(table=8, row='CutMix', metric='error/top5', value=2.97),
]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
