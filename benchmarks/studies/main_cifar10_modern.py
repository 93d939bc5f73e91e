"""Does AgMax add anything to a modern recipe?

The small twin of configs/modern/: torchvision's later recipe for ResNet-50, without repeated augmentation, on the data
and the network of main_cifar10.py. TrivialAugment, random erasing, Mixup or CutMix in each step, label smoothing, no
decay of the norms, and an average of the weights, which is what is tested. 80 epochs, twice those of the main study:
such recipes are for long training. One view, one view for twice the epochs, two views without agreement, AgMax.
"""

base = 'main_cifar10_base.py'
_epochs = 80
options = {
    'train_dataloader.dataset.pipeline.TwoView.transforms': [
        dict(type='agmax_mm.RandomPaddedCrop', padding=4),
        dict(type='agmax_mm.RandomMirror', prob=0.5),
        dict(type='NumpyToPIL', to_rgb=True),
        dict(type='torchvision/TrivialAugmentWide'),
        dict(type='PILToNumpy', to_bgr=True),
        # The mean colour, in the order of the images: blue first.
        dict(type='RandomErasing', erase_prob=0.1, max_area_ratio=1 / 3, mode='const', fill_color=(114, 123, 125)),
    ],
    'data_preprocessor.batch_augments': dict(
        augments=[dict(type='agmax_mm.MixUp', alpha=0.2), dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5, 0.5]
    ),
    'model.head.loss': dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1),
    'optim_wrapper.paramwise_cfg': dict(norm_decay_mult=0.0),
    # torchvision's average reaches back over 4 % of the training: 100 of 2,480 steps.
    'custom_hooks': [dict(type='EMAHook', momentum=0.04, interval=4, update_buffers=True)],
}


def _length(epochs):
    return {'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': epochs, 'param_scheduler.T_max': epochs}


arms = dict(
    baseline=_length(_epochs),
    twice=_length(2 * _epochs),
    two_views={**_length(_epochs), 'model.agreement': 'none'},
    mi={**_length(_epochs), 'model.agreement': 'mi'},
)
seeds = [0, 1, 2]
