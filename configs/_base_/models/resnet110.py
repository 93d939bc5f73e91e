# ResNet-110 for CIFAR of bottleneck blocks, else as the PyramidNet-200 beside it.
_base_ = './pyramidnet200.py'

model = dict(backbone=dict(_delete_=True, type='agmax_mm.CIFARResNet', depth=110), head=dict(in_channels=256))
