# ResNet-50 whose last stage has a stride of 1: 224 px give a map of 14 x 14.
_base_ = './resnet50.py'

model = dict(type='agmax_mm.LocalizingClassifier', backbone=dict(strides=(1, 2, 2, 1)))
