# 270 epochs of SGD at 256 images a step. Weight decay reaches all parameters, biases and norms too.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True),
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[75, 150, 225], gamma=0.1)
total_batch_size = 256
# Another total scales the learning rate.
auto_scale_lr = dict(enable=True, base_batch_size=256)

train_cfg = dict(by_epoch=True, max_epochs=270, val_interval=1)
val_cfg = dict()
test_cfg = dict()
