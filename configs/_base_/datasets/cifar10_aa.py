# CIFAR-10 with AutoAugment after the flip.
_base_ = './cifar10.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='agmax_mm.RandomPaddedCrop', padding=4),
                    dict(type='agmax_mm.RandomMirror', prob=0.5),
                    dict(type='agmax_mm.AutoAugment', policy='cifar'),
                ],
            ),
            dict(type='PackInputs'),
        ],
    )
)
