"""PyramidNet-200 with scheduled CutMix, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 8, Scheduled CutMix: 14.72 top-1 error, 3.17 top-5 error (16.45 and 3.69 for the
         baseline).
Decided: here, not in the paper: the chance to mix grows from 0 to 1 step by step.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutmix-scheduled_300e_cifar100.py 2
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
    dict(table=8, row='Scheduled CutMix', metric='error/top1', value=14.72),
    dict(table=8, row='Scheduled CutMix', metric='error/top5', value=3.17),
]

model = dict(head=dict(num_classes=100))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.ScheduledCutMix', alpha=1.0)], probs=[1.0]))
default_hooks = dict(progress_of_training=dict(type='agmax_mm.SetProgressHook'))
