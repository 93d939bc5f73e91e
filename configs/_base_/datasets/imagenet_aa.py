# Training on ImageNet with AutoAugment between the flip and the colour jitter.
_base_ = './imagenet.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='agmax_mm.LoadImage'),
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='agmax_mm.RandomResizedCrop', size=224),
                    dict(type='agmax_mm.RandomMirror', prob=0.5),
                    dict(type='agmax_mm.AutoAugment', policy='imagenet'),
                    dict(type='agmax_mm.ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4),
                ],
            ),
            dict(type='PackInputs'),
        ],
    )
)
