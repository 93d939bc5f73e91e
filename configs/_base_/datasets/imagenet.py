# Training on ImageNet-1k as data_root/train/<wnid>/*.JPEG, with the paper's standard augmentation.
data_preprocessor = dict(
    type='agmax_mm.TwoViewDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
    image_augments=[dict(type='agmax_mm.PCALighting', alpha_std=0.1)],
)

train_dataloader = dict(
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.ImageNet',
        data_root='data/imagenet',
        split='train',
        pipeline=[
            dict(type='agmax_mm.LoadImage'),
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='agmax_mm.RandomResizedCrop', size=224),
                    dict(type='agmax_mm.RandomMirror', prob=0.5),
                    dict(type='agmax_mm.ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4),
                ],
            ),
            dict(type='PackInputs'),
        ],
    ),
)
