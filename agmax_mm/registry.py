"""Registry nodes of this package. Their parents are the registries of the host.

Configs write the scoped name, ``type='agmax_mm.AgMaxClassifier'``. The host then imports this module and the
``locations`` of the node, so configs of mmpretrain and mmdet need no ``custom_imports``.
"""

from typing import Any

from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry
from mmpretrain.registry import BATCH_AUGMENTS as MMPRETRAIN_BATCH_AUGMENTS

from agmax_mm.safe_reading import guard_host

_SCOPE = 'agmax_mm'
# Here, because every config that names a type of this package imports this module, also in the host's own tools.
guard_host()

MODELS = Registry(
    'model',
    parent=MMENGINE_MODELS,
    scope=_SCOPE,
    locations=[
        'agmax_mm.models',
        'agmax_mm.captioning.parts',
        'agmax_mm.localization.parts',
        'agmax_mm.speech.parts',
    ],
)
DATASETS = Registry(
    'dataset',
    parent=MMENGINE_DATASETS,
    scope=_SCOPE,
    locations=[
        'agmax_mm.datasets',
        'agmax_mm.captioning.parts',
        'agmax_mm.localization.parts',
        'agmax_mm.speech.parts',
    ],
)
METRICS = Registry(
    'metric',
    parent=MMENGINE_METRICS,
    scope=_SCOPE,
    locations=['agmax_mm.captioning.parts', 'agmax_mm.localization.parts', 'agmax_mm.speech.parts'],
)
TRANSFORMS = Registry(
    'transform', parent=MMENGINE_TRANSFORMS, scope=_SCOPE, locations=['agmax_mm.datasets', 'agmax_mm.speech.parts']
)
HOOKS = Registry(
    'hook',
    parent=MMENGINE_HOOKS,
    scope=_SCOPE,
    locations=['agmax_mm.engine.hooks', 'agmax_mm.transfer.hooks', 'agmax_mm.captioning.feature_cache'],
)
OPTIM_WRAPPERS = Registry(
    'optimizer wrapper', parent=MMENGINE_OPTIM_WRAPPERS, scope=_SCOPE, locations=['agmax_mm.engine.amp']
)
# The parent is mmpretrain's registry, because mmengine has none of batch augmentations.
BATCH_AUGMENTS = Registry(
    'batch augment', parent=MMPRETRAIN_BATCH_AUGMENTS, scope=_SCOPE, locations=['agmax_mm.batch_augments']
)


@MMENGINE_TRANSFORMS.register_module(name='Corrupt')
def _corrupt(**options: Any) -> Any:
    """Build ``agmax_mm.Corrupt``, also without its scope: so mmdet's test_robustness.py names what mmdet lacks."""
    return TRANSFORMS.build({'type': 'agmax_mm.Corrupt', **options})
