# 3 epochs of 10 images a step, for a few hundred images: a rate that follows a cosine to 0, and one validation.
_base_ = './localization_600e.py'

optim_wrapper = dict(optimizer=dict(lr=0.005))
param_scheduler = dict(
    _delete_=True, type='CosineAnnealingLR', by_epoch=True, T_max=3, eta_min=0.0, convert_to_iter_based=True
)
total_batch_size = 10
auto_scale_lr = dict(enable=True, base_batch_size=10)

train_cfg = dict(max_epochs=3, val_interval=3)
