# CIFAR-100 with AutoAugment by CIFAR-10's policy, as the paper has it.
_base_ = './cifar10_aa.py'

train_dataloader = dict(dataset=dict(type='agmax_mm.CIFAR100', data_root='data/cifar100'))
val_dataloader = dict(dataset=dict(type='agmax_mm.CIFAR100', data_root='data/cifar100'))
test_dataloader = dict(dataset=dict(type='agmax_mm.CIFAR100', data_root='data/cifar100'))
