# PyramidNet-110 with a widening of 64, else as the PyramidNet-200 beside it.
_base_ = './pyramidnet200.py'

model = dict(backbone=dict(depth=110, alpha=64), head=dict(in_channels=320))
