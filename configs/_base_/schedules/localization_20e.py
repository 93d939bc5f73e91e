# 20 epochs of 256 images a step for ImageNet; a tenth of the rate every 6 epochs, ten times as much for the head.
_base_ = './localization_600e.py'

optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = dict(milestones=[6, 12, 18])
total_batch_size = 256
auto_scale_lr = dict(enable=True, base_batch_size=256)

train_cfg = dict(max_epochs=20, val_interval=1)
