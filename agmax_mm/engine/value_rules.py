"""Possible values of options: by their annotations, and by the meaning that a name has everywhere."""

from __future__ import annotations

import collections.abc
import math
import types
import typing
from collections.abc import Callable
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """A condition on a value, and what to say that was expected."""

    holds: Callable[[Any], bool]
    expected: str


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(least: int) -> Rule:
    return Rule(
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least,
        f'a whole number of at least {least}',
    )


def _within(low: float, high: float, *, open_end: bool = False) -> Rule:
    end = ')' if open_end else ']'
    return Rule(
        lambda value: _number(value) and low <= value and (value < high if open_end else value <= high),
        f'a number in [{low:g}, {high:g}{end}',
    )


_POSITIVE = Rule(lambda value: _number(value) and value > 0, 'a number above 0')
_AT_LEAST_0 = Rule(lambda value: _number(value) and value >= 0, 'a number of at least 0')
_INTERVAL = Rule(
    lambda value: isinstance(value, int) and not isinstance(value, bool) and (value > 0 or value == -1),
    'a whole number above 0, or -1 for never',
)
_BOOL = Rule(lambda value: isinstance(value, bool), 'True or False')


def _each(rule: Rule, what: str) -> Rule:
    # None at all is a choice, too: a run that is shorter than its milestones has none left.
    return Rule(lambda value: isinstance(value, list | tuple) and all(map(rule.holds, value)), what)


def _one_or_each(rule: Rule) -> Rule:
    return Rule(
        lambda value: (
            len(value) > 0 and all(map(rule.holds, value)) if isinstance(value, list | tuple) else rule.holds(value)
        ),
        f'{rule.expected}, or a list of such',
    )


_LEVELS = ('CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG', 'NOTSET', 'WARN', 'FATAL')
# By the option's name; None is allowed everywhere.
RULES = {
    'lr': _POSITIVE,
    'momentum': _within(0, 1, open_end=True),
    'weight_decay': _AT_LEAST_0,
    'eta_min': _AT_LEAST_0,
    'T_max': Rule(lambda value: _number(value) and value > 0, 'a number above 0'),
    'gamma': _POSITIVE,
    # A run that ends before the first one has none.
    'milestones': Rule(
        lambda value: isinstance(value, list | tuple) and all(map(_whole(0).holds, value)),
        'a list of whole numbers of at least 0',
    ),
    'start_factor': Rule(lambda value: _number(value) and value >= 0, 'a number of at least 0'),
    'end_factor': _AT_LEAST_0,
    'begin': _AT_LEAST_0,
    'end': _POSITIVE,
    'max_epochs': _whole(1),
    'max_iters': _whole(1),
    'val_interval': _whole(1),
    'val_begin': _whole(0),
    'batch_size': _whole(1),
    'total_batch_size': _whole(1),
    'base_batch_size': _whole(1),
    'num_workers': _whole(0),
    'prefetch_factor': _whole(1),
    'interval': _INTERVAL,
    'max_keep_ckpts': _INTERVAL,
    'accumulative_counts': _whole(1),
    'mean': _one_or_each(Rule(_number, 'a finite number')),
    'std': _one_or_each(_POSITIVE),
    'probs': Rule(
        lambda value: (
            isinstance(value, list | tuple) and all(map(_within(0, 1).holds, value)) and sum(value) <= 1 + 1e-6
        ),
        'a list of numbers in [0, 1] with a sum of at most 1',
    ),
    'jitter': Rule(lambda value: isinstance(value, bool) or value == 'float', "True, False or 'float'"),
    'pin_memory': _BOOL,
    'persistent_workers': _BOOL,
    'prob': _one_or_each(_within(0, 1)),
    'alpha': _one_or_each(_POSITIVE),
    'alpha_std': _AT_LEAST_0,
    'loss_weight': _one_or_each(_AT_LEAST_0),
    'consistency_weight': _AT_LEAST_0,
    'entropy_weight': _AT_LEAST_0,
    'drop_path_rate': _within(0, 1, open_end=True),
    'drop_rate': _within(0, 1),
    'label_smooth_val': _within(0, 1, open_end=True),
    'max_norm': _POSITIVE,
    'num_classes': _whole(1),
    'in_channels': _one_or_each(_whole(1)),
    'hid_channels': _whole(1),
    'out_channels': _one_or_each(_whole(1)),
    'num_outs': _whole(1),
    'frozen_stages': Rule(
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= -1,
        'a whole number of at least -1',
    ),
    'pos_iou_thr': _one_or_each(_within(0, 1)),
    'neg_iou_thr': _one_or_each(_within(0, 1)),
    'score_thr': _within(0, 1),
    'pos_fraction': _within(0, 1),
    'num_views': _whole(1),
    'num': _whole(1),
    'depth': _one_or_each(_whole(1)),
    'init_std': _POSITIVE,
    'topk': _one_or_each(_whole(1)),
    'seed': _whole(0),
    'temperature': _POSITIVE,
    'hang_timeout': _AT_LEAST_0,
    'opencv_num_threads': Rule(lambda value: isinstance(value, int), 'a whole number'),
    'log_level': Rule(lambda value: value in _LEVELS or isinstance(value, int), f'one of {", ".join(_LEVELS)}'),
    'mp_start_method': Rule(lambda value: value in ('fork', 'spawn', 'forkserver'), 'fork, spawn or forkserver'),
    'rule': _one_or_each(Rule(lambda value: value in ('greater', 'less'), "'greater' or 'less'")),
    'load_from': Rule(lambda value: isinstance(value, str), 'a path'),
    'work_dir': Rule(lambda value: isinstance(value, str), 'a path'),
    'experiment_name': Rule(lambda value: isinstance(value, str), 'a name'),
    'resume': _BOOL,
    'find_unused_parameters': _BOOL,
    'diff_rank_seed': _BOOL,
    'deterministic': _BOOL,
    'cudnn_benchmark': _BOOL,
    'drop_last': _BOOL,
    'shuffle': _BOOL,
    'enable': _BOOL,
    'by_epoch': _BOOL,
    'nesterov': _BOOL,
    'share_mix': _BOOL,
    'convert_to_iter_based': _BOOL,
    'compile': Rule(lambda value: isinstance(value, bool | dict), 'True, False or options of torch.compile'),
}


def broken_rule(name: str, value: Any) -> str | None:
    """The expectation that a value breaks by its option's name; None where the value is possible."""
    rule = RULES.get(name)
    return None if rule is None or value is None or rule.holds(value) else rule.expected


def check_value(place: str, name: str, value: Any) -> None:
    """Refuse a value that an option's name rules out.

    Raises:
        ValueError: With the place and what was expected.
    """
    expected = broken_rule(name, value)
    if expected is not None:
        raise ValueError(f'{place}: expected {expected}, got {value!r}')


def check_values(place: str, name: str, value: Any) -> None:
    """As :func:`check_value`, also those in dictionaries of plain options, such as a detector's ``test_cfg``."""
    check_value(place, name, value)
    if isinstance(value, dict) and 'type' not in value:
        for key, inner in value.items():
            check_values(f'{place}.{key}', str(key), inner)


def broken_hint(hint: Any, value: Any) -> str | None:
    """The expectation of an annotation; None where the value fits, or the annotation says nothing about plain values.

    Lists stand for any sequence, dictionaries for objects that are built from them.
    """
    return None if _fits(hint, value) else _words(hint)


def broken_default(default: Any, value: Any) -> str | None:
    """The expectation of an option without annotation, by its default; None where the value may fit."""
    if value is None or isinstance(value, dict | list | tuple):
        return None
    kinds = ((bool, bool), (int, int | float), (float, int | float), (str, str))
    for kind, allowed in kinds:
        if isinstance(default, kind):
            wrong_bool = isinstance(value, bool) and kind in (int, float)
            return f'a value such as {default!r}' if not isinstance(value, allowed) or wrong_bool else None
    return None


def _fits(hint: Any, value: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, str | typing.TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(argument, value) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if hint is None or hint is type(None):
        return value is None
    if hint is bool:
        return isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is str:
        return isinstance(value, str)
    kind = origin or hint
    if not isinstance(kind, type):
        return True
    if kind in (list, tuple, collections.abc.Sequence, collections.abc.Iterable):
        inner = [argument for argument in arguments if argument is not Ellipsis]
        if isinstance(value, dict):
            return True
        if not isinstance(value, list | tuple):
            return not isinstance(value, int | float | str | bool | None)
        return len(set(map(repr, inner))) != 1 or all(
            _fits(inner[0], item) for item in value if not isinstance(item, list | tuple | dict)
        )
    if kind in (dict, collections.abc.Mapping):
        return isinstance(value, dict | list | tuple)
    # Objects are built from dictionaries, or from a name.
    return isinstance(value, kind | dict | str | list | tuple) or not isinstance(value, int | float)


def _words(hint: Any) -> str:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return ' or '.join(dict.fromkeys(_words(argument) for argument in typing.get_args(hint)))
    if typing.get_origin(hint) is typing.Literal:
        return f'one of {", ".join(map(repr, typing.get_args(hint)))}'
    names = {bool: 'True or False', int: 'a whole number', float: 'a number', str: 'text', type(None): 'None'}
    if hint in names:
        return names[hint]
    kind = typing.get_origin(hint) or hint
    if kind in (list, tuple, collections.abc.Sequence, collections.abc.Iterable):
        return 'a list'
    return 'options (a dict)' if kind in (dict, collections.abc.Mapping) else getattr(kind, '__name__', str(kind))
