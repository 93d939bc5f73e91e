"""A published SqueezeNet 1.0 on photographs of ImageNet's classes, listed in ``val.txt``."""

_base_ = ['../../configs/_base_/datasets/imagenet_val_224.py', '../../configs/_base_/default_runtime.py']

custom_imports = dict(imports=['benchmarks.robustness.networks'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='agmax_mm.SqueezeNet'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')),
)
data_preprocessor = dict(
    type='ClsDataPreprocessor',
    num_classes=1000,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(dataset=dict(data_root='data/photographs', ann_file='val.txt'))
test_cfg = dict()
