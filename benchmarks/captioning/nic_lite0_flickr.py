"""NIC on the features of a published EfficientNet-Lite0, on 560 pictures of Flickr8k with 5 captions each."""

_base_ = ['../../configs/_base_/captioning/nic.py', '../../configs/_base_/captioning/coco2014.py']

data_preprocessor = dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0])
model = dict(
    # Another network, of which no option stays.
    backbone=dict(_delete_=True, type='TIMMBackbone', model_name='tf_efficientnet_lite0'),
    head=dict(in_channels=1280),
)
train_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root='data/flickr_captions',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_caption',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root='data/flickr_captions',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_captions',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(comparisons=5)
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=20, val_interval=10)

default_hooks = dict(
    backbone=dict(checkpoint='work_dirs/captioning/efficientnet_lite0.pth'),
    features=dict(type='agmax_mm.FeatureCacheHook'),
)
