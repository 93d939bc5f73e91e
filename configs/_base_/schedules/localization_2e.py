# 2 epochs of 10 images a step, for a few hundred images.
_base_ = './localization_3e.py'

param_scheduler = dict(T_max=2)

train_cfg = dict(max_epochs=2, val_interval=2)
