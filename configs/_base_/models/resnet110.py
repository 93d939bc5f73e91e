# ResNet-110 for CIFAR of bottleneck blocks: He initialisation by fan-out, but torch's own of the classifier.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='agmax_mm.CIFARResNet', depth=110),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=256,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
