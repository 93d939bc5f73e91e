"""ResNet-50 with CutOut, ImageNet-1k, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 3, ResNet-50 + Cutout: 22.93 top-1 error, 6.66 top-5 error (23.68 and 7.05 for the
         baseline).
Decided: here, not in the paper: boxes are filled with the channels' mean, in every image.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet50_cutout_300e.py 4
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50_he.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=3, row='ResNet-50 + Cutout', metric='error/top1', value=22.93),
    dict(table=3, row='ResNet-50 + Cutout', metric='error/top5', value=6.66),
]

data_preprocessor = dict(
    image_augments=[*_base_.data_preprocessor.image_augments, dict(type='agmax_mm.CutOut', length=112)]
)
