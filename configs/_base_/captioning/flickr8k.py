# Flickr8k in Karpathy's splits: 6,000 images for training, 1,000 for validation and 1,000 for the test. The middle of
# each is looked at, unmirrored, so that the features of a frozen backbone are computed once.
train_dataloader = dict(
    num_workers=0,
    # Batch normalisation needs two captions in a step.
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.CaptionDataset',
        data_root='data/flickr8k',
        ann_file='dataset_flickr8k.json',
        image_dir='Flicker8k_Dataset',
        splits=('train',),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_caption',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.CaptionDataset',
        data_root='data/flickr8k',
        ann_file='dataset_flickr8k.json',
        image_dir='Flicker8k_Dataset',
        splits=('val',),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_captions',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.CaptionDataset',
        data_root='data/flickr8k',
        ann_file='dataset_flickr8k.json',
        image_dir='Flicker8k_Dataset',
        splits=('test',),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_captions',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
