"""A published ResNet-20 on CIFAR-10's test images; its weights: ``python -m benchmarks.robustness.prepare --help``."""

_base_ = ['../../configs/_base_/datasets/cifar10.py', '../../configs/_base_/default_runtime.py']

custom_imports = dict(imports=['benchmarks.robustness.networks'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='agmax_mm.ResNet20'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=64, loss=dict(type='CrossEntropyLoss')),
)
data_preprocessor = dict(
    _delete_=True,
    type='ClsDataPreprocessor',
    mean=[0.485 * 255, 0.456 * 255, 0.406 * 255],
    std=[0.229 * 255, 0.224 * 255, 0.225 * 255],
    to_rgb=True,
)
train_dataloader = None
val_dataloader = None
val_evaluator = None
test_cfg = dict()
