"""The levels of the factors in the studies of speech: the AgMax paper's four augmentations, and uses of two views."""

_mixing = dict(
    mixup=dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0]),
    cutmix=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]),
)

_augmentations = dict(
    standard={},
    cutout={'data_preprocessor.image_augments': [dict(type='agmax_mm.CutOut', length=16, own_mean=True)]},
    mixup={'data_preprocessor.batch_augments': _mixing['mixup']},
    cutmix={'data_preprocessor.batch_augments': _mixing['cutmix']},
)

# 'two_views' is AgMax's control.
_two_views = dict(
    two_views={'model.agreement': 'none'},
    mi={'model.agreement': 'mi'},
    mi_qnet={'model.agreement': 'mi_qnet'},
)
