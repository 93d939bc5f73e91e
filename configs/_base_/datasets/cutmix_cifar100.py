# CIFAR-100 as in the CutMix authors' code, which normalises both CIFARs by the same numbers.
_base_ = './cifar100.py'

data_preprocessor = dict(mean=[125.3, 123.0, 113.9], std=[63.0, 62.1, 66.7])
