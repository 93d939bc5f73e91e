# WRN-40-2 with torch's default initialisation.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='agmax_mm.WideResNet', depth=40, widen_factor=2),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=128,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
