"""PyramidNet-200 with CutOut and Manifold Mixup, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, Cutout + Manifold Mixup (1.0): 15.09 top-1 error, 3.35 top-5 error (16.45 and
         3.69 for the baseline).
Decided: here, not in the paper: boxes are filled with the channels' mean, in every image; one layer of the image, the
         stem and the first two stages is drawn at each step; every batch is mixed.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_cutout_manifold-mixup_300e_cifar100.py 2
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
    dict(table=5, row='Cutout + Manifold Mixup (1.0)', metric='error/top1', value=15.09),
    dict(table=5, row='Cutout + Manifold Mixup (1.0)', metric='error/top5', value=3.35),
]

model = dict(
    head=dict(num_classes=100),
    feature_mix=dict(
        type='agmax_mm.FeatureMix', mix=dict(type='agmax_mm.MixUp', alpha=1.0, prob=1.0), layers=[0, 1, 2, 3]
    ),
)
data_preprocessor = dict(image_augments=[dict(type='agmax_mm.CutOut', length=16)])
