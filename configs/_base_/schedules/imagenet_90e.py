# 90 epochs; all else as for 270.
_base_ = './imagenet_270e.py'

param_scheduler = dict(milestones=[30, 60, 80])
train_cfg = dict(max_epochs=90)
