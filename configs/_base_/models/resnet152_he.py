# As the ResNet-50 beside it.
_base_ = './resnet50_he.py'

model = dict(backbone=dict(depth=152))
