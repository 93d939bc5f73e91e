# 300 epochs; all else as for 270, the steps of the learning rate too.
_base_ = './imagenet_270e.py'

param_scheduler = dict(milestones=[75, 150, 225])
train_cfg = dict(max_epochs=300)
