# 600 epochs of SGD at 1,024 images a step: five epochs of warm-up, then a cosine, both by epoch. Norms do not decay.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.5, momentum=0.9, weight_decay=2e-5),
    paramwise_cfg=dict(norm_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=5),
    dict(type='CosineAnnealingLR', T_max=595, by_epoch=True, begin=5, end=600),
]
total_batch_size = 1024
# Another total scales the learning rate.
auto_scale_lr = dict(enable=True, base_batch_size=1024)

# What is tested is an average of the weights, of every 32nd step. torchvision's decay of 0.99998 is scaled there by
# 1,024 images x 32 steps / 600 epochs: 1 - 0.00002 x 54.6.
custom_hooks = [dict(type='EMAHook', momentum=0.00109, interval=32, begin_epoch=5, update_buffers=True)]

train_cfg = dict(by_epoch=True, max_epochs=600, val_interval=1)
val_cfg = dict()
test_cfg = dict()
