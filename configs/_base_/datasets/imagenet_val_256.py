# Evaluation at 256 px after training at 224: the authors tested RegNet and EfficientNet so.
_base_ = './imagenet_val_224.py'

val_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=288, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=256),
            dict(type='PackInputs'),
        ],
    ),
)
test_dataloader = val_dataloader
