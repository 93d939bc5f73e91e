# 200 epochs of SGD at 128 images a step, the learning rate following a cosine, epoch by epoch, to 0.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True),
)
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, T_max=200, eta_min=0.0)
total_batch_size = 128
# Another total scales the learning rate.
auto_scale_lr = dict(enable=True, base_batch_size=128)

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()
