# CIFAR-10 with AutoAugment after the flip.
_base_ = './cifar10.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='RandomCrop', crop_size=32, padding=4),
                    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                    dict(type='agmax_mm.AutoAugment', policy='cifar'),
                ],
            ),
            dict(type='PackInputs'),
        ],
    )
)
