# ImageNet-1k as torchvision's later recipe trains and tests on it: crops of 176 px, TrivialAugment and random erasing;
# the central 224 px of an image whose shorter edge is 232 px.
data_preprocessor = dict(
    type='agmax_mm.TwoViewDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
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
                    dict(type='agmax_mm.RandomResizedCrop', size=176),
                    dict(type='agmax_mm.RandomMirror', prob=0.5),
                    dict(type='NumpyToPIL', to_rgb=True),
                    dict(type='torchvision/TrivialAugmentWide'),
                    dict(type='PILToNumpy', to_bgr=True),
                    # The mean colour, blue first, as images are here.
                    dict(
                        type='RandomErasing',
                        erase_prob=0.1,
                        min_area_ratio=0.02,
                        max_area_ratio=0.33,
                        aspect_range=(0.3, 3.3),
                        mode='const',
                        fill_color=(104, 116, 124),
                    ),
                ],
            ),
            dict(type='PackInputs'),
        ],
    ),
)

val_dataloader = dict(
    batch_size=64,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.ImageNet',
        data_root='data/imagenet',
        split='val',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=232, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ],
    ),
)
val_evaluator = dict(type='Accuracy', topk=(1, 5))

test_dataloader = val_dataloader
test_evaluator = val_evaluator
