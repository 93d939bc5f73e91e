# torchvision's ResNet-101 v1.5, initialised as the ResNet-50.
_base_ = './resnet50.py'

model = dict(backbone=dict(depth=101))
