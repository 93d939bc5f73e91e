"""A published SqueezeNet 1.0 on ImageNet's validation photographs with their CLS-LOC boxes, listed in ``val.txt``."""

_base_ = '../robustness/squeezenet_photographs.py'

# As in the CutMix paper: 256 px whatever the aspect ratio, and the 224 px in the middle.
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='agmax_mm.ImageNetBoxes',
        data_root='data/ILSVRC',
        split='Data/CLS-LOC/val',
        ann_file='val.txt',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256)),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_bboxes',)),
        ],
    ),
)
