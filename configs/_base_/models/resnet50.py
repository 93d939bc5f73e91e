# torchvision's ResNet-50 v1.5 (stride in the 3x3) with torch's default initialisation and zero-gamma residual branches.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(
        type='ResNet', depth=50, num_stages=4, out_indices=(3,), style='pytorch', zero_init_residual=True, init_cfg=[]
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
