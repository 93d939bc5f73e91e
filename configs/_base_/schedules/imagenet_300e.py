# 300 epochs; all else as for 270, the steps of the learning rate too.
_base_ = './imagenet_270e.py'

train_cfg = dict(max_epochs=300)
