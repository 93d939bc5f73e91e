# 300 epochs of SGD at 64 images a step, the CutMix paper's for CIFAR. Weight decay reaches all parameters, biases and
# norms too; that and Nesterov's momentum are from the authors' code alone.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.25, momentum=0.9, weight_decay=1e-4, nesterov=True),
)
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[150, 225], gamma=0.1)
total_batch_size = 64
# Another total scales the learning rate.
auto_scale_lr = dict(enable=True, base_batch_size=64)

train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=1)
val_cfg = dict()
test_cfg = dict()
