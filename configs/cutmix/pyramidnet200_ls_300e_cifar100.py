"""PyramidNet-200 with label smoothing of 0.1, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, Label smoothing (0.1): 16.73 top-1 error, 3.37 top-5 error (16.45 and 3.69 for
         the baseline).
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_ls_300e_cifar100.py 2
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
    dict(table=5, row='Label smoothing (0.1)', metric='error/top1', value=16.73),
    dict(table=5, row='Label smoothing (0.1)', metric='error/top5', value=3.37),
]

model = dict(head=dict(num_classes=100, loss=dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1)))
