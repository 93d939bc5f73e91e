"""A config against the signatures of what it names, before anything is built."""

from __future__ import annotations

import difflib
import inspect
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mmengine.registry as host
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry
from torch.utils.data import DataLoader

from agmax_mm.engine.addresses import bare_type, unknown_key
from agmax_mm.engine.signatures import find_type, parameters_of
from agmax_mm.engine.value_rules import broken_default, broken_hint, check_value, check_values
from agmax_mm.registry import BATCH_AUGMENTS
from agmax_mm.wording import missing_methods

# Keys that the host reads before it builds a part.
_SPECIAL = {'type', '_scope_', '_delete_', '_base_', 'priority'}
# Where the types below a key are looked up; other keys keep what is above them.
_REGISTRIES = {
    'model': host.MODELS,
    'tta_model': host.MODELS,
    'data_preprocessor': host.MODELS,
    'batch_augments': BATCH_AUGMENTS,
    'image_augments': BATCH_AUGMENTS,
    'mix': BATCH_AUGMENTS,
    'init_cfg': host.WEIGHT_INITIALIZERS,
    'dataset': host.DATASETS,
    'pipeline': host.TRANSFORMS,
    'transforms': host.TRANSFORMS,
    'train_steps': host.TRANSFORMS,
    'test_steps': host.TRANSFORMS,
    'sampler': host.DATA_SAMPLERS,
    'batch_sampler': host.DATA_SAMPLERS,
    'collate_fn': host.FUNCTIONS,
    'val_evaluator': host.METRICS,
    'test_evaluator': host.METRICS,
    'optim_wrapper': host.OPTIM_WRAPPERS,
    'optimizer': host.OPTIMIZERS,
    'param_scheduler': host.PARAM_SCHEDULERS,
    'default_hooks': host.HOOKS,
    'custom_hooks': host.HOOKS,
    'train_cfg': host.LOOPS,
    'val_cfg': host.LOOPS,
    'test_cfg': host.LOOPS,
    'visualizer': host.VISUALIZERS,
    'vis_backends': host.VISBACKENDS,
    'log_processor': host.LOG_PROCESSORS,
}
# Names as near as this to a known one are slips of the pen, unless they are short.
_SLIP, _SHORT = 0.88, 3
# Parts of a detector that a registry has, and those of them that are found in another one than the model.
_REGISTERED = re.compile(
    r'model|backbone|neck|data_preprocessor|teacher|assigner|sampler|\w*_(head|extractor|coder|generator)|loss_\w+|\w*head'
)
_CLOSED = ('model', 'data_preprocessor', 'backbone', 'neck', 'assigner', 'sampler')
_TASK_PARTS = ('assigner', 'sampler', 'bbox_coder', 'anchor_generator', 'prior_generator')
# Loops of the host, which take nothing else than the options below.
_LOOPS = ('EpochBasedTrainLoop', 'IterBasedTrainLoop', 'ValLoop', 'TestLoop')
# Lists of parts of another library, by the type that holds them.
_FOREIGN = ('Albu', 'Albumentations')
# Parts that are built from mmcv's operators, by their names there, which no registry has.
_OPERATORS = ('roi_layer', 'nms', 'dqs_cfg')
# Layers, whose builders take options of their own, such as requires_grad.
_LAYERS = ('norm_cfg', 'conv_cfg', 'act_cfg', 'upsample_cfg', 'padding_cfg')
# Scopes whose models are checked; those of others are built of parts that no registry has.
_KNOWN_MODELS = ('mmpretrain', 'mmdet', 'agmax_mm', 'mmengine')
_ROOTS = (
    'model',
    'data_preprocessor',
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
    'val_evaluator',
    'test_evaluator',
    'optim_wrapper',
    'param_scheduler',
    'default_hooks',
    'custom_hooks',
    'visualizer',
)
_EXTRA = {
    'optim_wrapper': {'constructor', 'paramwise_cfg', 'optimizer'},
    'param_scheduler': {'convert_to_iter_based', 'epoch_length'},
}
_LOADER_KEYS = set(inspect.signature(DataLoader).parameters) | {'num_batch_per_epoch'}
_LOOP_KEYS = {
    'train_cfg': {'type', 'by_epoch', 'max_epochs', 'max_iters', 'val_begin', 'val_interval', 'dynamic_intervals'},
    'val_cfg': {'type', 'fp16'},
    'test_cfg': {'type', 'fp16'},
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'randomness': {'seed', 'diff_rank_seed', 'deterministic'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'custom_imports': {'imports', 'allow_failed_imports'},
}
_NESTED_KEYS = {'env_cfg.mp_cfg': {'mp_start_method', 'opencv_num_threads'}}
_DICTIONARIES = (
    'model',
    'data_preprocessor',
    'optim_wrapper',
    'default_hooks',
    'env_cfg',
    'randomness',
    'auto_scale_lr',
    'custom_imports',
)
# The host's defaults, whose types a config need not write.
_DEFAULT_HOOKS = {
    'runtime_info': 'RuntimeInfoHook',
    'timer': 'IterTimerHook',
    'sampler_seed': 'DistSamplerSeedHook',
    'logger': 'LoggerHook',
    'param_scheduler': 'ParamSchedulerHook',
    'checkpoint': 'CheckpointHook',
}


def check_config(config: Config) -> None:
    """Refuse what nothing will read and what cannot be built.

    Checked are the types of all parts, the names of their options, the values of options by their annotations, and by
    the meaning of names such as ``momentum``. Parts that take any options are not checked for names. Models of other
    scopes than mmpretrain's and mmdet's are not checked.

    Args:
        config: The complete config; the packages of its scope can be imported.

    Raises:
        ValueError: For the first mistake, with its place, what was expected, and the nearest known name.
    """
    plain = config.to_dict()
    for key in _DICTIONARIES:
        if plain.get(key) is not None and not isinstance(plain[key], dict):
            raise ValueError(f'{key}: expected options (a dict), got {plain[key]!r}')
    for key, value in plain.items():
        check_value(key, key, value)
    outer, inner = plain.get('data_preprocessor'), plain.get('model', {}).get('data_preprocessor')
    if outer and inner and outer != inner:
        raise ValueError(
            f'data_preprocessor: expected none beside model.data_preprocessor, which is the one that is read, got '
            f'{plain["data_preprocessor"]!r}'
        )
    for key, known in _LOOP_KEYS.items():
        _check_names(key, plain.get(key), known, open_type=True)
    for key, known in _NESTED_KEYS.items():
        outer, _, inner = key.partition('.')
        _check_names(key, (plain.get(outer) or {}).get(inner), known)
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        _check_names(key, plain.get(key), _LOADER_KEYS)
    for root in ('optim_wrapper', 'data_preprocessor'):
        for key, value in (plain.get(root) or {}).items():
            for name, inner in value.items() if isinstance(value, dict) else ():
                check_value(f'{root}.{key}.{name}', name, inner)
    scope = config.get('default_scope') or 'mmengine'
    with DefaultScope.overwrite_default_scope(scope), _without_warnings():
        for root in _ROOTS:
            if root == 'model' and scope not in _KNOWN_MODELS:
                continue
            for part in _parts(plain.get(root), root, _REGISTRIES.get(root), root):
                _check_part(*part)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Look types up without the host's warnings about registries of another package, which are no fault of the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _check_names(place: str, value: Any, known: set[str], *, open_type: bool = False) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise ValueError(f'{place}: expected options (a dict), got {value!r}')
    # A class of the user's has options of its own.
    is_open = open_type and value.get('type', _LOOPS[0]) not in _LOOPS
    for key, inner in value.items():
        if key not in known and not key.startswith('_') and not is_open:
            raise ValueError(f'{place}: {unknown_key(key, known)}')
        check_value(f'{place}.{key}', key, inner)


_Part = tuple[dict[str, Any], str, Registry | None, str]


def _parts(node: Any, place: str, registry: Registry | None, root: str) -> Iterator[_Part]:
    """All dictionaries below a node that are built, with place, registry and root; outer ones first."""
    if isinstance(node, dict):
        name = place.rpartition('.')[2]
        if root == 'default_hooks' and place.count('.') == 1 and 'type' not in node and name in _DEFAULT_HOOKS:
            node = {'type': _DEFAULT_HOOKS[name], **node}
        if root == 'optim_wrapper' and place == root and 'type' not in node:
            node = {'type': 'OptimWrapper', **node}
        if 'type' in node:
            yield node, place, registry, root
        elif root == 'default_hooks' and place.count('.') == 1:
            raise ValueError(f'{place}: expected a hook with a type, got {node!r}')
    if isinstance(node, dict) and bare_type(node) in _FOREIGN:
        return
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, value in items:
        inner = _REGISTRIES.get(str(key), registry)
        if root == 'model' and key in ('train_cfg', 'test_cfg'):
            inner = registry
        elif root == 'model' and key in _TASK_PARTS:
            inner = host.TASK_UTILS
        if isinstance(value, dict | list | tuple):
            yield from _parts(value, f'{place}.{key}', inner, root)


def _check_part(node: dict[str, Any], place: str, registry: Registry | None, root: str) -> None:
    kind = node['type']
    if isinstance(kind, str):
        if '/' in kind:  # another library's, by its own name
            return
        if place.rpartition('.')[2] in _OPERATORS:
            _check_operator(kind, place)
            return
        built, names = find_type(kind, registry)
        if built is None and not _REGISTERED.fullmatch(place.rpartition('.')[2]) and _is_of_detector(root):
            return  # an option of the part around it, such as how to upsample
        if built is None:
            raise ValueError(f'{place}.type: {unknown_key(kind, names).replace("key", "type", 1)}')
    elif callable(kind):
        built = kind
    else:
        raise ValueError(f'{place}.type: expected the name of a class, got {kind!r}')
    if inspect.isclass(built) and (missing := missing_methods(built)):
        raise ValueError(f'{place}.type: expected a class with {" and ".join(missing)}, got {kind!r} without')
    parameters, is_open = parameters_of(built)
    is_open = is_open or place.rpartition('.')[2] in _LAYERS
    known = set(parameters) | _SPECIAL | (_EXTRA.get(root, set()) if place.rpartition('.')[2] != 'optimizer' else set())
    for key, value in node.items():
        if key in _SPECIAL:
            continue
        # Slips are found even where any option is taken.
        may_be = is_open or (_is_of_detector(root) and place.rpartition('.')[2] not in _CLOSED)
        if key not in known and not (may_be and _may_be_read_elsewhere(key, known)):
            raise ValueError(
                f'{place}: {unknown_key(key, known - _SPECIAL)} of {kind if isinstance(kind, str) else built.__name__}'
            )
        check_values(f'{place}.{key}', key, value)
        if key in parameters:
            _check_argument(f'{place}.{key}', parameters[key], value, loose=str(built.__module__).startswith('mmdet'))


def _is_of_detector(root: str) -> bool:
    scope = DefaultScope.get_current_instance()
    return root == 'model' and scope is not None and scope.scope_name == 'mmdet'


def _may_be_read_elsewhere(name: str, known: set[str]) -> bool:
    """Whether an unknown name may be one that another part reads, inside or around; a slip of a known one is none."""
    return len(name) < _SHORT or not difflib.get_close_matches(name, known, n=1, cutoff=_SLIP)


def _check_operator(kind: str, place: str) -> None:
    import mmcv.ops

    known = set(dir(mmcv.ops))
    if kind not in known:
        raise ValueError(f'{place}.type: {unknown_key(kind, known).replace("key", "type", 1)}')


def _check_argument(place: str, parameter: inspect.Parameter, value: Any, *, loose: bool) -> None:
    # In mmdet's annotations a number also stands for several, int for float and a list for one of its items.
    if loose and not isinstance(value, str | bool):
        return
    if value is parameter.default or (parameter.default is not parameter.empty and _same(value, parameter.default)):
        return
    if parameter.annotation is not parameter.empty:
        expected = broken_hint(parameter.annotation, value)
    else:
        expected = broken_default(parameter.default, value)
    if expected is not None:
        raise ValueError(f'{place}: expected {expected}, got {value!r}')


def _same(value: Any, default: Any) -> bool:
    try:
        return type(value) is type(default) and bool(value == default)
    except Exception:  # arrays and tensors
        return False
