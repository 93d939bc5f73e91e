# What every speech recipe shares: the best epoch is that of the validation list, and the testing list chooses nothing.
_base_ = './default_runtime.py'

default_hooks = dict(checkpoint=dict(save_best='accuracy/valid', rule='greater'))
