"""The demo's pre-training without AgMax: a ResNet-18 of half width on 200 real digits of 32 px.

Ours:   see the report of `make demo`.
Run:    make demo
"""

_base_ = '../_base_/default_runtime.py'

model = dict(
    type='agmax_mm.AgMaxClassifier',
    backbone=dict(type='ResNet', depth=18, base_channels=32, stem_channels=32, out_indices=(3,), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=256),
)

data_preprocessor = dict(
    type='agmax_mm.TwoViewDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
    batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]),
)

train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.ImageFolder',
        data_root='work_dirs/demo/data/digits',
        split='train',
        pipeline=[
            dict(type='agmax_mm.LoadImage'),
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='agmax_mm.RandomResizedCrop', size=32, scale=(0.6, 1.0)),
                    dict(type='agmax_mm.RandAugment', num_ops=1, magnitudes=(1, 5)),
                    dict(type='agmax_mm.ColorJitter', brightness=0.2, contrast=0.2, saturation=0.2),
                ],
            ),
            dict(type='PackInputs'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=250,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.ImageFolder',
        data_root='work_dirs/demo/data/digits',
        split='test',
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=True, end=8, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=8, end=60, convert_to_iter_based=True),
]
total_batch_size = 50
train_cfg = dict(by_epoch=True, max_epochs=60, val_interval=6)
val_cfg = dict()
test_cfg = dict()

default_hooks = dict(
    logger=dict(interval=4),
    checkpoint=dict(interval=6, max_keep_ckpts=2),
    run_record=dict(type='agmax_mm.RunRecordHook', interval=4),
)
