# NIC as in stevehuanghe/image_captioning, whose defaults are the CutMix paper's settings: Adam at 0.001, 20 captions a
# step, 100 epochs, a beam of 20. The frozen ResNet-50 comes from a backbone's file.
_base_ = '../default_runtime.py'

data_preprocessor = dict(
    type='agmax_mm.CaptionDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
model = dict(
    type='agmax_mm.Captioner',
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3,), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='agmax_mm.NICHead',
        in_channels=2048,
        # Counted in the training captions.
        vocabulary=dict(min_count=4),
        embed_channels=100,
        hid_channels=300,
        dropout=0.1,
        beam_width=20,
        max_length=20,
    ),
    freeze_backbone=True,
)

val_evaluator = dict(type='agmax_mm.CaptionMetric', meteor='auto')
test_evaluator = val_evaluator

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
total_batch_size = 20
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=10)
val_cfg = dict()
test_cfg = dict()

default_hooks = dict(
    # Captioners export no backbone, have no agreement, and have another best score.
    _delete_=True,
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Two: the host deletes the oldest before it writes the next, and may be killed in between.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2, save_best='caption/cider', rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None),
)
