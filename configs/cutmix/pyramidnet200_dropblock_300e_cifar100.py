"""PyramidNet-200 with DropBlock, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, DropBlock: 15.73 top-1 error, 3.26 top-5 error (16.45 and 3.69 for the
         baseline).
Decided: here, not in the paper: it follows each normalisation of the residual branches in the second and third stage,
         and the share that is dropped grows from 0 to 0.1, step by step.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_dropblock_300e_cifar100.py 2
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
    dict(table=5, row='DropBlock', metric='error/top1', value=15.73),
    dict(table=5, row='DropBlock', metric='error/top5', value=3.26),
]

model = dict(backbone=dict(drop_block=dict(drop_prob=0.1, block_size=4)), head=dict(num_classes=100))
default_hooks = dict(progress_of_training=dict(type='agmax_mm.SetProgressHook'))
