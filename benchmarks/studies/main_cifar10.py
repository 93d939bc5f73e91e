"""Does AgMax help a small network that overfits?

Three augmentations, each with one view, with one view for twice the epochs (the compute of two views), with two views
without agreement, and with agreement by mutual information (the paper's formula), by the authors' code, by MSE and by
KL. Each arm is compared with the baseline of its own augmentation. 2,000 training images of CIFAR-10 and all test
images, WRN-10-2 with a strided first convolution, 40 epochs; the setup is that of main_cifar10_base.py. It is a study
at reduced scale, and no statement about the paper's recipes.
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
grid = dict(
    augmentation={name: _base_._augmentations[name] for name in ('standard', 'cutmix', 'cutmix_aa')},
    agreement=_base_._agreements,
)
seeds = [0, 1, 2, 3, 4]
