# 2 epochs of 10 images a step, for a few hundred images: the rate follows a cosine to 0, and there is one validation.
_base_ = './localization_600e.py'

param_scheduler = dict(
    _delete_=True, type='CosineAnnealingLR', by_epoch=True, T_max=2, eta_min=0.0, convert_to_iter_based=True
)
total_batch_size = 10
auto_scale_lr = dict(enable=True, base_batch_size=10)

train_cfg = dict(max_epochs=2, val_interval=2)
