# timm's RegNetY-400MF with timm's own initialisation; its classifier is replaced by one that starts as torch has it.
# timm divides the fan-out of grouped convolutions by the groups. The authors' older timm did not: the recipes without
# AgMax give the option for that in their docstrings, and AgMax's model.init_std sets all weights anyway.
model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='TIMMBackbone', model_name='regnety_004'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=440,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
