"""PyramidNet-110 with CutMix, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 6, PyramidNet-110 + CutMix: 17.97 top-1 error, 3.83 top-5 error (19.85 and 4.66
         for the baseline).
Authors: a batch is mixed with a chance of 0.5; trained as PyramidNet-200, as far as they remember. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet110_cutmix_300e_cifar100.py 2
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
    dict(table=6, row='PyramidNet-110 + CutMix', metric='error/top1', value=17.97),
    dict(table=6, row='PyramidNet-110 + CutMix', metric='error/top5', value=3.83),
]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
