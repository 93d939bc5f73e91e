# LeNet5 for one channel of 32 x 32; torch's own initialisation, as in the authors' code.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='agmax_mm.LeNet5'),
    head=dict(
        type='LinearClsHead',
        num_classes=31,
        in_channels=84,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
