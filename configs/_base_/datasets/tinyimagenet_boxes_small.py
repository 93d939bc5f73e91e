# The first 20 training images of each class of Tiny ImageNet, kept in memory; 64 px enlarged to 112, crops of 96.
_base_ = './cub_boxes.py'

data_preprocessor = dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])

_data = dict(type='agmax_mm.TinyImageNetBoxes', data_root='data/tiny-imagenet-200')
_load = dict(type='LoadImageFromFile')
_resize = dict(type='Resize', scale=(112, 112), backend='pillow', interpolation='bicubic')
train_dataloader = dict(
    num_workers=0,
    drop_last=True,
    dataset=dict(
        **_data,
        images_per_class=20,
        in_memory=True,
        pipeline=[
            _load,
            _resize,
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[dict(type='RandomCrop', crop_size=96), dict(type='agmax_mm.RandomMirror', prob=0.5)],
            ),
            dict(type='PackInputs'),
        ],
    ),
)
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        **_data,
        split='val',
        pipeline=[
            _load,
            _resize,
            dict(type='CenterCrop', crop_size=96),
            dict(type='PackInputs', algorithm_keys=('gt_bboxes',)),
        ],
    ),
)
test_dataloader = val_dataloader
