"""Does AgMax help more with fewer images?

CutMix on 500 and on 10,000 training images of CIFAR-10; main_cifar10.py has 2,000. 500 images are seen for 160 epochs,
so that there are about as many steps as with 2,000; 10,000 for 40. Otherwise the setup is that of main_cifar10_base.py.
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
options = {'data_preprocessor.batch_augments': _base_._cutmix}
arms = {
    f'n{images}-{name}': {
        'train_dataloader.dataset.images_per_class': images // 10,
        'train_cfg.max_epochs': epochs * (2 if name == 'twice' else 1),
        'train_cfg.val_interval': epochs * (2 if name == 'twice' else 1),
        'param_scheduler.T_max': epochs * (2 if name == 'twice' else 1),
        **({} if name == 'twice' else _base_._agreements[name]),
    }
    for images, epochs in ((500, 160), (10000, 40))
    for name in ('baseline', 'twice', 'two_views', 'mi', 'mi_qnet')
}
references = {
    f'n{images}-{name}': f'n{images}-baseline'
    for images in (500, 10000)
    for name in ('twice', 'two_views', 'mi', 'mi_qnet')
}
seeds = [0, 1, 2]
