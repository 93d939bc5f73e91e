"""Cutout, Mixup, CutMix and two of its variants on 500 images.

Six ways to train a small network, for 64 epochs, on a hundredth of CIFAR-10's training images. It says nothing of the
papers' recipes, which train networks a hundred times as large on all images for 200 or 300 epochs. CutMix and its
variants mix half of the batches, Mixup all, as in the papers' recipes for CIFAR. The setup is that of small_cifar10.py.
"""

base = 'small_cifar10.py'
arms = dict(
    baseline={},
    cutout={'data_preprocessor.image_augments': [dict(type='agmax_mm.CutOut', length=16)]},
    mixup={'data_preprocessor.batch_augments': dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0])},
    cutmix={'data_preprocessor.batch_augments': dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5])},
    cutmix_center_gaussian={
        'data_preprocessor.batch_augments': dict(
            augments=[dict(type='agmax_mm.CenterGaussianCutMix', alpha=1.0)], probs=[0.5]
        )
    },
    cutmix_one_hot={
        'data_preprocessor.batch_augments': dict(augments=[dict(type='agmax_mm.OneHotCutMix', alpha=1.0)], probs=[0.5])
    },
)
seeds = [0, 1, 2]
