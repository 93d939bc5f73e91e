"""Accuracy with a cheaper second view.

One view; two views without agreement, which is AgMax's control; AgMax in full, with mutual information; and AgMax with
the second view at 0.7 of the side, about half of the pixels, or on half of the images: 1.6 and 1.4 times a plain step
of ResNet-50 in place of twice (benchmarks/step.md). All arms take as many steps of as many images, of whatever number
of views. The setup is that of small_cifar10.py, a small network for 64 epochs on a hundredth of CIFAR-10's training
images: small enough for seeds, and no statement about the paper's recipes.
"""

base = 'small_cifar10.py'
arms = dict(
    one_view={},
    two_views={'model.agreement': 'none'},
    agmax={'model.agreement': 'mi'},
    agmax_scale_07={'model.agreement': 'mi', 'model.second_view': dict(scale=0.7)},
    agmax_half_batch={'model.agreement': 'mi', 'model.second_view': dict(share=0.5)},
)
seeds = [0, 1, 2]
