"""Does AgMax help VGG11 to understand a speaker whom it has never heard?

The same as speech_digits.py, with a VGG11 of an eighth of the channels and batch normalisation, and the paper's
schedule for VGG11: the learning rate is divided by 10 once, half way.
"""

_base_ = 'speech_digits_levels.py'

base = 'speech_digits_base.py'
options = {
    'model.backbone': dict(_delete_=True, type='agmax_mm.VGG11', batch_norm=True, width=0.125),
    'model.neck': dict(type='GlobalAveragePooling'),
    'model.head.in_channels': 64,
    'optim_wrapper.optimizer.weight_decay': 1e-4,
}
grid = dict(
    augmentation=_base_._augmentations,
    # 'twice' is the baseline at the compute of two views: twice the epochs.
    agreement=dict(
        baseline={'param_scheduler.milestones': [15]},
        twice={'train_cfg.max_epochs': 60, 'train_cfg.val_interval': 60, 'param_scheduler.milestones': [30]},
        **{name: {'param_scheduler.milestones': [15], **level} for name, level in _base_._two_views.items()},
    ),
)
seeds = [0, 1, 2]
