"""A small part of CIFAR-10 and a small network, which one core trains in a minute: the setup of the studies here.

Data:     every 100th training image and every second test image. Of folders of images that is the first, the 101st ...
          of each class, so 50 training and 500 test images a class.
Network:  ResNet-18's first three stages with 16, 32 and 64 channels on 16, 8 and 4 pixels: 176,000 weights.
Schedule: 64 epochs of SGD at 32 images a step, the learning rate following a cosine, step by step, to 0.
"""

_base_ = ['../../configs/_base_/datasets/cifar10.py', '../../configs/_base_/default_runtime.py']

model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        num_stages=3,
        strides=(2, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
        stem_channels=16,
        base_channels=16,
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=64, loss=dict(type='CrossEntropyLoss', loss_weight=1.0)
    ),
)

train_dataloader = dict(
    num_workers=0,
    dataset=dict(indices=range(0, 50_000, 100)),
)
val_dataloader = dict(
    num_workers=0,
    dataset=dict(indices=range(0, 10_000, 2)),
)
test_dataloader = val_dataloader

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True),
)
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, T_max=64, eta_min=0.0, convert_to_iter_based=True)
total_batch_size = 32

# The host's writing of a checkpoint takes as long as some of these epochs.
default_hooks = dict(checkpoint=dict(interval=16))

train_cfg = dict(by_epoch=True, max_epochs=64, val_interval=16)
val_cfg = dict()
test_cfg = dict()
