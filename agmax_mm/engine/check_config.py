"""A config against the signatures of what it names, before anything is built."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Iterator
from typing import Any

import mmengine.registry as host
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry
from torch.utils.data import DataLoader

from agmax_mm.engine.addresses import unknown_key
from agmax_mm.engine.value_rules import broken_default, broken_hint, broken_rule
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
# Layers, whose builders take options of their own, such as requires_grad.
_LAYERS = ('norm_cfg', 'conv_cfg', 'act_cfg', 'upsample_cfg', 'padding_cfg')
# Scopes whose models are checked; those of others are built of parts that no registry has.
_KNOWN_MODELS = ('mmpretrain', 'agmax_mm', 'mmengine')
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
    scopes than mmpretrain's are not checked.

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
        _check_value(key, key, value)
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
                _check_value(f'{root}.{key}.{name}', name, inner)
    scope = config.get('default_scope') or 'mmengine'
    with DefaultScope.overwrite_default_scope(scope):
        for root in _ROOTS:
            if root == 'model' and scope not in _KNOWN_MODELS:
                continue
            for part in _parts(plain.get(root), root, _REGISTRIES.get(root), root):
                _check_part(*part)


def _check_names(place: str, value: Any, known: set[str], *, open_type: bool = False) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise ValueError(f'{place}: expected options (a dict), got {value!r}')
    if open_type and 'type' in value:  # a class of the user's, with options of its own
        return
    for key, inner in value.items():
        if key not in known and not key.startswith('_'):
            raise ValueError(f'{place}: {unknown_key(key, known)}')
        _check_value(f'{place}.{key}', key, inner)


def _check_value(place: str, name: str, value: Any) -> None:
    expected = broken_rule(name, value)
    if expected is not None:
        raise ValueError(f'{place}: expected {expected}, got {value!r}')


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
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, value in items:
        inner = (
            registry if root == 'model' and key in ('train_cfg', 'test_cfg') else _REGISTRIES.get(str(key), registry)
        )
        if isinstance(value, dict | list | tuple):
            yield from _parts(value, f'{place}.{key}', inner, root)


def _check_part(node: dict[str, Any], place: str, registry: Registry | None, root: str) -> None:
    kind = node['type']
    if isinstance(kind, str):
        if '/' in kind:  # another library's, by its own name
            return
        built, names = _find(kind, registry)
        if built is None:
            raise ValueError(f'{place}.type: {unknown_key(kind, names).replace("key", "type", 1)}')
    elif callable(kind):
        built = kind
    else:
        raise ValueError(f'{place}.type: expected the name of a class, got {kind!r}')
    if inspect.isclass(built) and (missing := missing_methods(built)):
        raise ValueError(f'{place}.type: expected a class with {" and ".join(missing)}, got {kind!r} without')
    parameters, is_open = _parameters(built)
    is_open = is_open or place.rpartition('.')[2] in _LAYERS
    known = set(parameters) | _SPECIAL | (_EXTRA.get(root, set()) if place.rpartition('.')[2] != 'optimizer' else set())
    for key, value in node.items():
        if key in _SPECIAL:
            continue
        if key not in known and not is_open:
            raise ValueError(
                f'{place}: {unknown_key(key, known - _SPECIAL)} of {kind if isinstance(kind, str) else built.__name__}'
            )
        _check_value(f'{place}.{key}', key, value)
        if key in parameters:
            _check_argument(f'{place}.{key}', parameters[key], value)


def _check_argument(place: str, parameter: inspect.Parameter, value: Any) -> None:
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


@functools.cache
def _parameters(built: Any) -> tuple[dict[str, inspect.Parameter], bool]:
    """The options of a class or function, with their annotations; and whether it takes any other."""
    found: dict[str, inspect.Parameter] = {}
    kinds = [kind for kind in built.__mro__ if '__init__' in vars(kind)] if inspect.isclass(built) else [built]
    for kind in kinds:
        function = vars(kind)['__init__'] if inspect.isclass(built) else kind
        if kind is object:
            break
        try:
            parameters = inspect.signature(function).parameters
            hints = _hints(function)
        except (TypeError, ValueError):
            return found, True
        takes_any = False
        for name, parameter in parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                takes_any = True
                if inspect.isclass(built) and not _goes_to_bases(function, name):
                    return found, True
            elif name != 'self' and parameter.kind is not parameter.VAR_POSITIONAL:
                found.setdefault(name, parameter.replace(annotation=hints.get(name, parameter.empty)))
        if not takes_any:
            return found, False
    # Options that go on to something else than the bases.
    return found, not (inspect.isclass(built) and kinds and kinds[-1] is object)


def _goes_to_bases(function: Any, name: str) -> bool:
    """Whether a constructor hands its further options to a base; others hand them to another library's builder."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return True
    handed_to = re.findall(rf'(?<!def )\b(\w+)\((?:[^()]|\([^()]*\))*\*\*{name}\b', source)
    return not handed_to or '__init__' in handed_to


def _hints(function: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # names that only type checkers import
        return {}


@functools.cache
def _registries() -> list[Registry]:
    names = [name for name in dir(host) if isinstance(getattr(host, name), Registry)]
    return [BATCH_AUGMENTS, *(getattr(host, name) for name in names)]


def _find(kind: str, registry: Registry | None) -> tuple[Any, set[str]]:
    """The class or function of a type, looked up as the host does and then everywhere, and the names beside it."""
    names: set[str] = set()
    first: list[Registry] = [] if registry is None else [registry]
    for candidate in [*first, *_registries()]:
        with candidate.switch_scope_and_registry(None) as current:
            assert current is not None
            found = current.get(kind)
            if found is not None:
                return found, names
            if first and candidate is first[0]:
                names = (
                    set(current.module_dict)
                    | set(candidate.module_dict)
                    | {f'agmax_mm.{name}' for name in _own_names(candidate)}
                )
    return None, names


def _own_names(registry: Registry) -> set[str]:
    child = registry.children.get('agmax_mm', registry)
    return set(child.module_dict)
