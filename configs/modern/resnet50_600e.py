"""ResNet-50 by a modern recipe, ImageNet-1k, 600 epochs.

Paper:   neither; torchvision, "How to Train State-Of-The-Art Models Using TorchVision's Latest Primitives" (2021):
         80.674 top-1, 95.166 top-5, one run. Repeated augmentation, which gave it 80.858 later, is left out.
What:    TrivialAugment, random erasing, Mixup or CutMix in each step, label smoothing, an average of the weights.
Ours:    not run.
Run:     tools/dist_train.sh configs/modern/resnet50_600e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50_he.py',
    '../_base_/datasets/imagenet_modern.py',
    '../_base_/schedules/imagenet_modern_600e.py',
    '../_base_/default_runtime.py',
]

paper = []

model = dict(head=dict(loss=dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1)))
data_preprocessor = dict(
    batch_augments=dict(
        augments=[dict(type='agmax_mm.MixUp', alpha=0.2), dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5, 0.5]
    ),
)
