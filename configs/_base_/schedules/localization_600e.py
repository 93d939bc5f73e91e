# 600 epochs of 32 images a step for CUB-200-2011; a tenth of the rate every 150 epochs, ten times as much for the head.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[150, 300, 450], gamma=0.1)
total_batch_size = 32
auto_scale_lr = dict(enable=True, base_batch_size=32)

train_cfg = dict(by_epoch=True, max_epochs=600, val_interval=10)
val_cfg = dict()
test_cfg = dict()
