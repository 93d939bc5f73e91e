# timm's EfficientNet-B0 with timm's own initialisation; its classifier is replaced by one that starts as torch has it.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='TIMMBackbone', model_name='efficientnet_b0'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=1280,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
