"""PyramidNet-200 with CutOut and label smoothing of 0.1, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, Cutout + Label smoothing (0.1): 15.61 top-1 error, 3.88 top-5 error (16.45 and
         3.69 for the baseline).
Decided: here, not in the paper: boxes are filled with the channels' mean, in every image.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutout_ls_300e_cifar100.py 2
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
    dict(table=5, row='Cutout + Label smoothing (0.1)', metric='error/top1', value=15.61),
    dict(table=5, row='Cutout + Label smoothing (0.1)', metric='error/top5', value=3.88),
]

model = dict(head=dict(num_classes=100, loss=dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1)))
data_preprocessor = dict(image_augments=[dict(type='agmax_mm.CutOut', length=16)])
