# WRN-28-10 with torch's default initialisation.
_base_ = './wrn40-2.py'

model = dict(backbone=dict(depth=28, widen_factor=10), head=dict(in_channels=640))
