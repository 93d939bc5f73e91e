# A few classes of CUB-200-2011 in its official files, kept in memory; 184 px whatever the aspect ratio, crops of 160.
_base_ = './cub_boxes.py'

data_preprocessor = dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])

_load = dict(type='LoadImageFromFile')
_resize = dict(type='Resize', scale=(184, 184), backend='pillow', interpolation='bicubic')
train_dataloader = dict(
    num_workers=0,
    drop_last=True,
    dataset=dict(
        in_memory=True,
        pipeline=[
            _load,
            _resize,
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[dict(type='RandomCrop', crop_size=160), dict(type='agmax_mm.RandomMirror', prob=0.5)],
            ),
            dict(type='PackInputs'),
        ],
    ),
)
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        pipeline=[
            _load,
            _resize,
            dict(type='CenterCrop', crop_size=160),
            dict(type='PackInputs', algorithm_keys=('gt_bboxes',)),
        ]
    ),
)
test_dataloader = val_dataloader
