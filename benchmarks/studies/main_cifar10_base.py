"""A small residual network that learns 2,000 images of CIFAR-10 almost by heart: the setup of the main study.

Data:     the first 200 training images of each class by file name, and all 10,000 test images.
Network:  WRN-10-2 whose first convolution has a stride of 2, so that its maps have 16, 8 and 4 pixels a side: 303,000
          weights, a quarter of the time of the usual one.
Schedule: 40 epochs of SGD at 64 images a step, the learning rate following a cosine, step by step, to 0.
"""

_base_ = ['../../configs/_base_/datasets/cifar10.py', '../../configs/_base_/default_runtime.py']

model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='agmax_mm.WideResNet', depth=10, widen_factor=2, stem_stride=2),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=128,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=[],
    ),
)

train_dataloader = dict(num_workers=0, drop_last=True, dataset=dict(images_per_class=200))
val_dataloader = dict(num_workers=0)
test_dataloader = val_dataloader

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True),
)
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, T_max=40, eta_min=0.0, convert_to_iter_based=True)
total_batch_size = 64

# The test images are looked at once, at the end.
train_cfg = dict(by_epoch=True, max_epochs=40, val_interval=40)
val_cfg = dict()
test_cfg = dict()

default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=1, save_best=None))
