"""PyramidNet-200 with Feature CutMix at layer 2, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Figure 3, Feature CutMix, layer 2: a point of a plot, without its figure (16.45 and 3.69
         for the baseline).
Decided: here, not in the paper: a batch is mixed with a chance of 0.5.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/pyramidnet200_feature-cutmix-layer2_300e_cifar100.py 2
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

model = dict(
    head=dict(num_classes=100),
    feature_mix=dict(type='agmax_mm.FeatureMix', mix=dict(type='agmax_mm.CutMix', alpha=1.0, prob=0.5), layers=[2]),
)
