# Training on ImageNet with AutoAugment between the flip and the colour jitter.
_base_ = './imagenet.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='NumpyToPIL', to_rgb=True),
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='torchvision/RandomResizedCrop', size=224),
                    dict(type='torchvision/RandomHorizontalFlip'),
                    dict(type='agmax_mm.AutoAugment', policy='imagenet'),
                    dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4),
                    dict(type='PILToNumpy', to_bgr=True),
                ],
            ),
            dict(type='PackInputs'),
        ],
    )
)
