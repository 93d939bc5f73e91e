# CIFAR-100, normalised and augmented as CIFAR-10.
_base_ = './cifar10.py'

train_dataloader = dict(dataset=dict(type='agmax_mm.CIFAR100', data_root='data/cifar100'))
val_dataloader = dict(dataset=dict(type='agmax_mm.CIFAR100', data_root='data/cifar100'))
test_dataloader = dict(dataset=dict(type='agmax_mm.CIFAR100', data_root='data/cifar100'))
