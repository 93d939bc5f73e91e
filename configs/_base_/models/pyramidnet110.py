# PyramidNet-110 with a widening of 64: He initialisation by fan-out, but torch's own of the classifier.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='agmax_mm.PyramidNet', depth=110, alpha=64),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=320,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
