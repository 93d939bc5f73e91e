"""PyramidNet-200 with CutMix of alpha 0.1, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Figure 3, CutMix, alpha 0.1: a point of a plot, without its figure (16.45 and 3.69 for
         the baseline).
Authors: a batch is mixed with a chance of 0.5. Not in the paper.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutmix-alpha0.1_300e_cifar100.py 2
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/pyramidnet200.py',
    '../_base_/datasets/cutmix_cifar100.py',
    '../_base_/schedules/cifar_300e.py',
    '../_base_/default_runtime.py',
]

paper = []

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=0.1)], probs=[0.5]))
