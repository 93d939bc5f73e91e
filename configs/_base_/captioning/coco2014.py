# COCO's captions of 2014: training on train2014 (82,783 images), evaluation on all of val2014 (40,504), as the images
# that the paper calls its test set have no public captions.
train_dataloader = dict(
    # Batch normalisation needs two captions in a step.
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.CaptionDataset',
        data_root='data/coco',
        ann_file='annotations/captions_train2014.json',
        image_dir='train2014',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(type='RandomCrop', crop_size=224),
            dict(type='RandomFlip', prob=0.5, direction='horizontal'),
            dict(type='PackInputs', algorithm_keys=('gt_caption',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
val_dataloader = dict(
    batch_size=64,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.CaptionDataset',
        data_root='data/coco',
        ann_file='annotations/captions_val2014.json',
        image_dir='val2014',
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(256, 256), backend='pillow'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs', algorithm_keys=('gt_captions',), meta_keys=('image_id', 'img_path')),
        ],
    ),
)
test_dataloader = val_dataloader
