# torchvision's ResNet-50 v1.5 (stride in the 3x3), initialised as in the CutMix authors' code: the host's He
# initialisation by fan-out, no residual branch at 0, and torch's own initialisation of the classifier.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3,), style='pytorch', zero_init_residual=False),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
