"""Does AgMax help a small network that overfits, with the paper's other augmentations?

The five augmentations of the AgMax paper that main_cifar10.py leaves out, with the same ways to use two views and the
same setup, that of main_cifar10_base.py.
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
grid = dict(
    augmentation={name: _base_._augmentations[name] for name in ('cutout', 'mixup', 'aa', 'cutout_aa', 'mixup_aa')},
    agreement=_base_._agreements,
)
seeds = [0, 1, 2]
