"""PyramidNet-200 with one-hot CutMix, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 8, One-hot CutMix: 15.89 top-1 error, 3.32 top-5 error (16.45 and 3.69 for the
         baseline).
Decided: here, not in the paper: a tie goes to the image that was pasted into; a batch is mixed with a chance of 0.5.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutmix-one-hot_300e_cifar100.py 2
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
    dict(table=8, row='One-hot CutMix', metric='error/top1', value=15.89),
    dict(table=8, row='One-hot CutMix', metric='error/top5', value=3.32),
]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.OneHotCutMix', alpha=1.0)], probs=[0.5]))
