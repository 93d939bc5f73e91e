# EfficientNet-Lite0 whose last stage has a stride of 1 and is dilated: 160 px give a map of 10 x 10. Batch
# normalisation keeps its statistics, for small batches.
model = dict(
    type='agmax_mm.LocalizingClassifier',
    backbone=dict(type='agmax_mm.TimmBackbone', model_name='tf_efficientnet_lite0', output_stride=16, norm_eval=True),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=1280,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)
