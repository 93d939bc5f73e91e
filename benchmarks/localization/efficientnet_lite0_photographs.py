"""A published EfficientNet-Lite0, its last stage dilated, on ImageNet's validation photographs with CLS-LOC boxes."""

_base_ = './squeezenet_photographs.py'

model = dict(
    backbone=dict(_delete_=True, type='agmax_mm.TimmBackbone', model_name='tf_efficientnet_lite0', output_stride=16),
    head=dict(
        _delete_=True, type='LinearClsHead', num_classes=1000, in_channels=1280, loss=dict(type='CrossEntropyLoss')
    ),
)
data_preprocessor = dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])
