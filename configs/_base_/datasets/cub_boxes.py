# CUB-200-2011 in its official files, by labels alone in training: 256 px whatever the aspect ratio, crops of 224.
data_preprocessor = dict(
    type='agmax_mm.TwoViewDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)

train_dataloader = dict(
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.CUBBoxes',
        data_root='data/CUB_200_2011',
        split='train',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[dict(type='RandomCrop', crop_size=224), dict(type='agmax_mm.RandomMirror', prob=0.5)],
            ),
            dict(type='PackInputs'),
        ],
    ),
)

val_dataloader = dict(
    batch_size=32,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.CUBBoxes',
        data_root='data/CUB_200_2011',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_bboxes',)),
        ],
    ),
)
val_evaluator = [dict(type='Accuracy', topk=(1, 5)), dict(type='agmax_mm.LocalizationMetric', sigma=0.15)]

test_dataloader = val_dataloader
test_evaluator = val_evaluator
