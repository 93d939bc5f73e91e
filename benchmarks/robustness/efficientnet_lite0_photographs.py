"""A published EfficientNet-Lite0 on photographs of ImageNet's classes, listed in ``val.txt``."""

_base_ = './squeezenet_photographs.py'

model = dict(
    backbone=dict(_delete_=True, type='TIMMBackbone', model_name='tf_efficientnet_lite0'),
    head=dict(
        _delete_=True, type='LinearClsHead', num_classes=1000, in_channels=1280, loss=dict(type='CrossEntropyLoss')
    ),
)
data_preprocessor = dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ],
    ),
)
