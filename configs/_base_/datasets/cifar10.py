# CIFAR-10 from its official Python files, or from folders of images, with the paper's standard augmentation.
data_preprocessor = dict(
    type='agmax_mm.TwoViewDataPreprocessor',
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
    to_rgb=True,
)

train_dataloader = dict(
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.CIFAR10',
        data_root='data/cifar10',
        split='train',
        pipeline=[
            dict(
                type='agmax_mm.TwoView',
                num_views=1,
                transforms=[
                    dict(type='agmax_mm.RandomPaddedCrop', padding=4),
                    dict(type='agmax_mm.RandomMirror', prob=0.5),
                ],
            ),
            dict(type='PackInputs'),
        ],
    ),
)

val_dataloader = dict(
    batch_size=256,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='agmax_mm.CIFAR10', data_root='data/cifar10', split='test', pipeline=[dict(type='PackInputs')]),
)
val_evaluator = dict(type='Accuracy', topk=(1, 5))

test_dataloader = val_dataloader
test_evaluator = val_evaluator
