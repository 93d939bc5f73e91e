"""The values that each recipe has once it is resolved and completed: one row for each recipe."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agmax_mm.engine.config import load_config, prepare_config

FOLDERS = ('agmax', 'baseline', 'captioning', 'cutmix', 'demo', 'detection', 'localization', 'modern', 'speech')

# Hooks that change what is trained. Others only watch, save or report, and are the same in all recipes.
_TRAINING_HOOKS = ('AgreementWeightHook', 'EMAHook', 'LoadBackboneHook', 'SetProgressHook')
# Parts of a model, its head and its preprocessor that have columns of their own.
_MODEL = ('type', 'data_preprocessor', 'backbone', 'neck', 'head', 'init_std', 'num_views', 'agreement', 'feature_mix')
_HEAD = ('in_channels', 'num_classes', 'loss')
_PREPROCESSOR = ('type', 'mean', 'std', 'to_rgb', 'bgr_to_rgb', 'num_classes', 'image_augments', 'batch_augments')


def recipe_names(configs: Path) -> list[str]:
    """The recipes below ``configs`` as ``'agmax/resnet50_cutmix_90e'``, sorted.

    Args:
        configs: The folder ``configs/``.
    """
    return sorted(f'{folder}/{path.stem}' for folder in FOLDERS for path in (configs / folder).glob('*.py'))


def effective_values(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the values for a reviewer, as text by column; empty for parts that a recipe does not have.

    Args:
        config: A config that is completed for one process.
    """
    model, data = config['model'], config.get('data_preprocessor') or config['model'].get('data_preprocessor', {})
    head = model.get('head', {})
    loss = dict(head.get('loss', {}))
    steps = _steps(config['train_dataloader']['dataset'])
    optimizer = dict(config['optim_wrapper']['optimizer'])
    schedules = _as_list(config.get('param_scheduler'))
    train = config['train_cfg']
    return {
        'model': model['type'],
        'backbone': _cell(model['backbone']),
        'neck': _cell(model.get('neck')),
        'features': _cell(head.get('in_channels')),
        'classes': _cell(head.get('num_classes') or _find(model, 'num_classes')),
        'head': _cell({key: value for key, value in head.items() if key not in _HEAD}),
        'loss': _cell(loss.get('type')),
        'label_smoothing': _cell(loss.get('label_smooth_val')),
        'init_std': _cell(model.get('init_std')),
        'num_views': _cell(_find(steps, 'num_views')),
        'agreement': _cell(model.get('agreement')),
        'feature_mix': _cell(model.get('feature_mix')),
        'other_model_options': _cell({key: value for key, value in model.items() if key not in _MODEL}),
        'train_data': _data(config['train_dataloader']),
        'train_pipeline': _pipeline(steps),
        'test_data': _data(config['test_dataloader']),
        'test_pipeline': _pipeline(_steps(config['test_dataloader']['dataset'])),
        'metric': _cell(config['test_evaluator']),
        'mean': _cell(data.get('mean')),
        'std': _cell(data.get('std')),
        'rgb': _cell(data.get('to_rgb', data.get('bgr_to_rgb'))),
        'image_augments': _cell(data.get('image_augments')),
        'batch_augments': _mixing(data.get('batch_augments')),
        'other_preprocessor_options': _cell({key: value for key, value in data.items() if key not in _PREPROCESSOR}),
        'optimizer': optimizer['type'],
        **{name: _cell(optimizer.get(name)) for name in ('lr', 'momentum', 'weight_decay', 'nesterov')},
        'other_optimizer_options': _cell(
            {key: value for key, value in config['optim_wrapper'].items() if key not in ('type', 'optimizer')}
        ),
        'warm_up': _cell([schedule for schedule in schedules if schedule['type'] == 'LinearLR']),
        'schedule': _cell([schedule for schedule in schedules if schedule['type'] != 'LinearLR']),
        'epochs': _cell(train.get('max_epochs')),
        'iterations': _cell(train.get('max_iters')),
        'batch_size': _cell(config['train_dataloader']['batch_size']),
        'lr_scaling': _cell(config.get('auto_scale_lr')),
        'training_hooks': _cell(
            [
                hook
                for hook in config['default_hooks'].values()
                if hook and hook['type'].rpartition('.')[2] in _TRAINING_HOOKS
            ]
        ),
        'paper': '; '.join(_figure(figure) for figure in _as_list(config.get('paper'))),
    }


def golden_rows(configs: Path, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The effective values of recipes by their names.

    Args:
        configs: The folder ``configs/``.
        names: See :func:`recipe_names`.

    Raises:
        ValueError: If a config cannot be read or completed.
    """
    rows = {}
    for name in names:
        config = load_config(str(configs / f'{name}.py'))
        prepare_config(config, world_size=1)
        rows[name] = effective_values(config.to_dict())
    return rows


def to_csv(rows: Mapping[str, Mapping[str, str]]) -> str:
    """A table with one line for each recipe, which :func:`from_csv` reads."""
    out = io.StringIO()
    columns = ['recipe', *next(iter(rows.values()))]
    writer = csv.DictWriter(out, columns, lineterminator='\n')
    writer.writeheader()
    writer.writerows({'recipe': name, **row} for name, row in rows.items())
    return out.getvalue()


def from_csv(text: str) -> dict[str, dict[str, str]]:
    """The rows that :func:`to_csv` wrote, by the recipes' names."""
    return {row.pop('recipe'): row for row in csv.DictReader(io.StringIO(text))}


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else [value] if isinstance(value, Mapping) else list(value)


def _steps(dataset: Any) -> list[Any]:
    """The pipeline of a data set, also of one inside of wrappers."""
    return _find(dataset, 'pipeline') or []


def _find(node: Any, key: str) -> Any:
    """The first value of a key anywhere below a node; outer ones come first."""
    if isinstance(node, Mapping) and node.get(key) is not None:
        return node[key]
    inner = node.values() if isinstance(node, Mapping) else node if isinstance(node, list | tuple) else ()
    return next((found for item in inner if (found := _find(item, key)) is not None), None)


def _data(loader: Mapping[str, Any]) -> str:
    """Data sets without their pipelines, which have a column of their own."""
    return _cell(_without(loader['dataset'], 'pipeline'))


def _without(node: Any, name: str) -> Any:
    if isinstance(node, Mapping):
        return {key: _without(value, name) for key, value in node.items() if key != name}
    return [_without(item, name) for item in node] if isinstance(node, list | tuple) else node


def _pipeline(steps: Any) -> str:
    """The transforms in their order; the number of views has a column of its own."""
    return ' > '.join(_call(_without(step, 'num_views')) for step in steps)


def _mixing(batch_augments: Any) -> str:
    """``'CutMix(alpha=1.0) p=0.5'``."""
    if not batch_augments:
        return ''
    pairs = zip(batch_augments['augments'], batch_augments['probs'], strict=True)
    return ' '.join(f'{_call(augment)} p={prob}' for augment, prob in pairs)


def _figure(figure: Mapping[str, Any]) -> str:
    """``'table=2 row=CutMix metric=accuracy/top1 value=76.3'``."""
    return ' '.join(f'{key}={value}' for key, value in figure.items())


def _cell(value: Any) -> str:
    """A part of a config as text; empty where there is none."""
    return '' if value in (None, [], {}, ()) else _call(value)


def _call(value: Any) -> str:
    """``'Type(key=value, ...)'``; the options of a part without a type stand in parentheses."""
    if isinstance(value, Mapping):
        options = ', '.join(f'{key}={_call(item)}' for key, item in value.items() if key not in ('type', '_scope_'))
        name = str(value.get('type', ''))
        return f'{name}({options})' if options or not name else name
    return f'[{", ".join(map(_call, value))}]' if isinstance(value, list | tuple) else str(value)
