# torchvision's ResNeXt-101 32x4d, initialised as the ResNet-50 beside it.
_base_ = './resnet50_he.py'

model = dict(backbone=dict(type='ResNeXt', depth=101, groups=32, width_per_group=4))
