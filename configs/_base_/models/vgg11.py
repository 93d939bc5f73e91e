# VGG11 for one channel of 32 x 32 with batch normalisation (assumed: the authors' config is not in their code).
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='agmax_mm.VGG11', batch_norm=True),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=31,
        in_channels=512,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
