# RegNetX-200MF, which mmpretrain's table lacks: its widths follow from these numbers.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(
        type='RegNet',
        arch=dict(w0=24, wa=36.44, wm=2.49, group_w=8, depth=13, bot_mul=1.0),
        zero_init_residual=True,
        init_cfg=dict(type='Kaiming', layer='Conv2d', mode='fan_out', nonlinearity='relu'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=368,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
