# What the CutMix paper's two detectors share: 120,000 steps on the 16,551 images of VOC07+12 trainval, the 11-point mAP
# of VOC07 test, and the runtime. The host's VOC data, without its repetition and with small objects counted.
_base_ = ['mmdet::_base_/datasets/voc0712.py', 'mmdet::_base_/default_runtime.py']

train_dataloader = dict(
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        ignore_keys=['dataset_type'],
        datasets=[
            dict(
                type='VOCDataset',
                data_root='data/VOCdevkit/',
                ann_file=f'{year}/ImageSets/Main/trainval.txt',
                data_prefix=dict(sub_data_root=f'{year}/'),
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=_base_.train_pipeline,
            )
            for year in ('VOC2007', 'VOC2012')
        ],
    ),
)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=120_000, val_interval=10_000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=10_000, max_keep_ckpts=2),
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None),
)
