"""Reading a config, completing it, and refusing what nobody would read."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from agmax_mm.engine.addresses import bare_type, unknown_key
from agmax_mm.engine.bases import allow_own_bases, import_from_beside
from agmax_mm.engine.config_files import assigned_names
from agmax_mm.engine.hashes import HOOKS_OF_SEVERAL, LOADERS
from agmax_mm.engine.loaders import complete_loader
from agmax_mm.engine.options import typed_value, without
from agmax_mm.engine.schedule import follow_length, run_length, schedule_length
from agmax_mm.engine.switches import apply_named_options, complete_switches
from agmax_mm.engine.tasks import add_task_hooks, complete_tasks
from agmax_mm.engine.value_rules import broken_rule
from agmax_mm.engine.words import SPELLINGS, WORDS, apply_words, fit_classes, words_of
from agmax_mm.moved_names import use_current_names

# Top-level keys that are read by someone else than the runner's constructor: the host's tools and models, ...
_HOST_KEYS = {
    'activation_checkpointing',
    'auto_scale_lr',
    'compile',
    'custom_imports',
    'efficient_conv_bn_eval',
    'env_cfg',
    'find_unused_parameters',
    'log_level',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
    'vis_backends',
}
# ... variables that mmpretrain's and mmdet's own configs leave behind, ...
_HOST_VARIABLES = {
    'albu_train_transforms',
    'backend_args',
    'bgr_mean',
    'bgr_std',
    'cudnn_benchmark',
    'data_root',
    'dataset_type',
    'file_client_args',
    'image_size',
    'input_size',
    'interval',
    'max_epochs',
    'max_iters',
    'metainfo',
    'norm_cfg',
    'test_pipeline',
    'train_pipeline',
}
# ... and this package's: mixed precision, words and switches, the paper's figure for the recipe, the images of one
# optimiser step over all processes, and the seconds until one of these counts as hanging.
_OWN_KEYS = {'amp', 'epochs', 'hang_timeout', 'jitter', 'paper', 'total_batch_size'}
_KNOWN_KEYS = (set(inspect.signature(Runner).parameters) | _HOST_KEYS | _HOST_VARIABLES | _OWN_KEYS) - {'cfg'}

_TRAIN_ROOT = 'train_dataloader.dataset.data_root'


def load_config(path: str, options: dict[str, Any] | None = None, notes: list[str] | None = None) -> Config:
    """Read a config file, add the hooks that every run here has, and apply ``--cfg-options`` and switches.

    Args:
        path: The config file.
        options: Dotted keys and their values.
        notes: Takes a line for each change that follows from a word or from the length of the run.

    Raises:
        ValueError: If the file is missing or not a config, or a key is unknown to everyone who reads configs.
    """
    if not Path(path).is_file():
        raise ValueError(f'config: expected a file, got {path!r}, which does not exist')
    for file, key in assigned_names(Path(path)):
        if key not in _KNOWN_KEYS and not key.startswith('_'):
            raise ValueError(f'config {str(file)!r}: {unknown_key(key, _KNOWN_KEYS)}; start names of your own with "_"')
    allow_own_bases()
    import_from_beside([Path(path), *(file for file, _ in assigned_names(Path(path)))])
    try:
        config = Config.fromfile(path)
    except ImportError as error:
        cause: BaseException = error
        while cause.__context__ is not None:  # mmengine says only which import failed
            cause = cause.__context__
        raise ValueError(
            f'config {path!r}: expected modules in custom_imports that lie beside the config or on the PYTHONPATH, '
            f'got: {cause}'
        ) from error
    except (TypeError, KeyError, NameError, FileNotFoundError) as error:
        raise ValueError(f'config {path!r}: expected a config that mmengine can read, got {error}') from error
    use_current_names(config)
    if 'model' not in config:
        raise ValueError(f'config {path!r}: expected a recipe with a model, got only {sorted(config)}')
    if 'default_hooks' not in config:
        config.default_hooks = ConfigDict()
    hooks = config.default_hooks
    hooks.setdefault('data_check', ConfigDict(type='agmax_mm.DataCheckHook'))
    hooks.setdefault('random_state', ConfigDict(type='agmax_mm.RandomStateHook'))
    hooks.setdefault('finite_loss', ConfigDict(type='agmax_mm.FiniteLossHook'))
    hooks.setdefault('run_record', ConfigDict(type='agmax_mm.RunRecordHook'))
    hooks.setdefault('progress', ConfigDict(type='agmax_mm.ProgressBarHook'))
    add_task_hooks(config)
    notes = [] if notes is None else notes
    words = {word: value for word, value in words_of(Path(path)).items() if word in WORDS}
    notes += apply_words(config, words)
    if 'data_root' in words:
        notes += fit_classes(config)
    notes += follow_length(config, schedule_length(Path(path)))
    for word in SPELLINGS:
        config.pop(word, None)  # a variable of the host's files
    notes += apply_options(config, options or {})
    complete_switches(config)
    return config


def apply_options(config: Config, options: dict[str, Any]) -> list[str]:
    """Apply ``--cfg-options`` in place.

    A new root of the training data holds for validation and test too, where they had the same one and get none of their
    own. The words of :mod:`agmax_mm.engine.words` come first. Schedules follow the length of the run, unless an option
    sets a part of them.

    Returns:
        What changed beside the options themselves, one line each.

    Raises:
        ValueError: If a key or a name is unknown.
    """
    for option in options:
        first = option.split('.')[0]
        if first not in config and first not in _KNOWN_KEYS:
            raise ValueError(f'--cfg-options {option}: {unknown_key(first, _KNOWN_KEYS | set(config))}')
        if first in _HOST_VARIABLES and first not in SPELLINGS:
            raise ValueError(
                f'--cfg-options {option}: expected a key that is read, got a variable of config files; set the keys '
                'that the file makes of it, such as train_dataloader.dataset.pipeline'
            )
    length = run_length(config)
    words = _typed_words(options)
    notes = apply_words(config, words)
    options = apply_named_options(config, without(options, SPELLINGS))
    if _TRAIN_ROOT in options:
        old = config.train_dataloader.dataset.get('data_root')
        for name in ('val_dataloader', 'test_dataloader'):
            dataset = (config.get(name) or {}).get('dataset', {})
            if old is not None and dataset.get('data_root') == old:
                options.setdefault(f'{name}.dataset.data_root', options[_TRAIN_ROOT])
    config.merge_from_dict(options)
    if 'data_root' in words and 'model.head.num_classes' not in options:
        notes += fit_classes(config)
    if 'total_batch_size' in options and 'train_dataloader.batch_size' not in options:
        # The host's recipes state a batch per process, which would win over the total.
        config.train_dataloader.pop('batch_size', None)
    if not any(option.split('.')[0] == 'param_scheduler' for option in options):
        notes += follow_length(config, length)
    return notes


def _typed_words(options: dict[str, Any]) -> dict[str, Any]:
    texts = getattr(options, 'texts', {})
    words = {word: options[word] for word in SPELLINGS if word in options}
    if 'data_root' in words:
        words['data_root'] = typed_value('data_root', words['data_root'], '', texts.get('data_root'))
    return words


def prepare_config(config: Config, *, world_size: int) -> list[str]:
    """Complete a config for a run on ``world_size`` processes, in place.

    Gives each process its share of ``total_batch_size``, the loaders what they leave open, and each place that a switch
    reaches its value. Where the total differs from ``auto_scale_lr.base_batch_size``, the host scales the learning
    rate.

    Returns:
        What changed and a user may not expect, one line each.

    Raises:
        ValueError: If the batch cannot be shared among the processes.
    """
    if world_size > 1:
        for name, hook in HOOKS_OF_SEVERAL.items():
            config.default_hooks.setdefault(name, ConfigDict(hook))
        if config.get('hang_timeout') is not None:
            config.default_hooks.watch.timeout = config.hang_timeout
    _check_loaders(config)
    complete_switches(config)
    _share_batch(config, world_size)
    complete_tasks(config)
    for name in LOADERS:
        if config.get(name) is not None:
            complete_loader(config[name], world_size)
    return _fit_metrics(config)


def _fit_metrics(config: Config) -> list[str]:
    """Ask for no more of the best classes than there are: of two classes the top 5 are no metric."""
    classes = (config.model.get('head') or {}).get('num_classes') if 'model' in config else None
    notes = []
    for name in ('val_evaluator', 'test_evaluator'):
        metrics = config.get(name) or []
        for metric in [metrics] if isinstance(metrics, dict) else metrics:
            topk = metric.get('topk')
            if bare_type(metric) != 'Accuracy' or not isinstance(topk, list | tuple) or not isinstance(classes, int):
                continue
            fitting = [k for k in topk if not isinstance(k, int) or k <= max(classes, 1)]
            if len(fitting) < len(topk):
                notes.append(f'{name}.topk {list(topk)} -> {fitting}: the model tells {classes} classes apart')
                metric['topk'] = fitting
    return notes


def _check_loaders(config: Config) -> None:
    """Refuse numbers of images and workers that cannot be counted with."""
    values = {'total_batch_size': config.get('total_batch_size')}
    for loader in LOADERS:
        for name in ('batch_size', 'num_workers', 'prefetch_factor'):
            values[f'{loader}.{name}'] = (config.get(loader) or {}).get(name)
    for place, value in values.items():
        expected = broken_rule(place.rpartition('.')[2], value)
        if expected is not None:
            raise ValueError(f'{place}: expected {expected}, got {value!r}')


def _share_batch(config: Config, world_size: int) -> None:
    """Set the batch of a process from that of a step, or the other way round where the user set the former."""
    total = config.get('total_batch_size')
    if total is None:
        return
    loader = config.train_dataloader
    if 'batch_size' in loader:
        config.total_batch_size = loader.batch_size * world_size
    elif total % world_size:
        raise ValueError(
            f'total_batch_size: expected a multiple of the {world_size} processes, got {total}; '
            'set train_dataloader.batch_size, per process, to use another batch'
        )
    else:
        loader.batch_size = total // world_size


def skip_missing_validation(config: Config) -> str | None:
    """Train without validation where the folder of the training data has no validation split.

    Returns:
        What was left out, as a line for the log, or ``None``.
    """
    loader, train_loader = config.get('val_dataloader'), config.get('train_dataloader')
    if not loader or not train_loader or not {'data_root', 'split'} <= loader.dataset.keys():
        return None
    # Data sets import the host's, which a command's checks of its arguments need not wait for.
    from agmax_mm.datasets.archives import place, split_place

    root, train_split = place(loader.dataset.data_root), train_loader.dataset.get('split', '')
    if train_loader.dataset.get('data_root') != loader.dataset.data_root or split_place(root, train_split) is None:
        return None
    if split_place(root, loader.dataset.split) is not None or loader.dataset.get('ann_file'):
        return None
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    return f'{str(root)!r} has no {loader.dataset.split!r} beside {train_split!r}: training without validation'
