# VGG-16 up to conv5_3 without the last pooling, then a convolution of 1024 channels, pooling and a linear layer.
model = dict(
    type='agmax_mm.LocalizingClassifier',
    backbone=dict(type='VGG', depth=16, with_last_pool=False, init_cfg=[]),
    neck=dict(type='agmax_mm.PooledConvolution', in_channels=512, out_channels=1024),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=1024,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
