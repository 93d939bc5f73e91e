"""The levels of the main study's factors: the eight augmentations of the AgMax paper, and ways to use two views."""

_cutmix = dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5])
_mixup = dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0])
_cutout = [dict(type='agmax_mm.CutOut', length=16)]
_auto_augment = {
    'train_dataloader.dataset.pipeline.TwoView.transforms': [
        dict(type='agmax_mm.RandomPaddedCrop', padding=4),
        dict(type='agmax_mm.RandomMirror', prob=0.5),
        dict(type='agmax_mm.AutoAugment', policy='cifar'),
    ]
}

_augmentations = dict(
    standard={},
    cutmix={'data_preprocessor.batch_augments': _cutmix},
    cutmix_aa={'data_preprocessor.batch_augments': _cutmix, **_auto_augment},
    cutout={'data_preprocessor.image_augments': _cutout},
    mixup={'data_preprocessor.batch_augments': _mixup},
    aa=_auto_augment,
    cutout_aa={'data_preprocessor.image_augments': _cutout, **_auto_augment},
    mixup_aa={'data_preprocessor.batch_augments': _mixup, **_auto_augment},
)

# 'twice' is the baseline at the compute of two views: twice the epochs. 'two_views' is AgMax's control.
_agreements = dict(
    baseline={},
    twice={'train_cfg.max_epochs': 80, 'train_cfg.val_interval': 80, 'param_scheduler.T_max': 80},
    two_views={'model.agreement': 'none'},
    mi={'model.agreement': 'mi'},
    mi_qnet={'model.agreement': 'mi_qnet'},
    mse={'model.agreement': 'mse'},
    kl={'model.agreement': 'kl'},
)
