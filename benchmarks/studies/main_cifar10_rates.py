"""Does AgMax need a high learning rate?

The AgMax author's own ablation on CIFAR-10 has AgMax lose at a rate of 0.01 and gain at 0.1. Four rates with CutMix;
the rate of main_cifar10.py, whose setup this is otherwise (main_cifar10_base.py), is 0.1.
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
options = {'data_preprocessor.batch_augments': _base_._cutmix}
grid = dict(
    rate={f'lr{rate}'.replace('.', '_'): {'optim_wrapper.optimizer.lr': rate} for rate in (0.01, 0.03, 0.1, 0.3)},
    agreement={name: _base_._agreements[name] for name in ('baseline', 'two_views', 'mi', 'mi_qnet')},
)
seeds = [0, 1, 2]
