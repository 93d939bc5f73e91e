"""Find the tensors in the content of a checkpoint file: one level down, under a prefix, or beside an average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from agmax_mm.checkpoints.renaming import State, tensors_under

# Which weights of a run that also kept a moving average of them: what the file has in the usual place, or a named one.
WEIGHTS = ('auto', 'average', 'plain')

# Keys under which trainers store the state dict; the first that is there counts.
_WRAPPERS = ('state_dict', 'model_state_dict', 'model', 'net', 'network', 'module', 'weights', 'params', 'student')
# mmengine saves the average in the usual place and the plain weights here; the others save the average here.
_MMENGINE_PLAIN = 'ema_state_dict'
_AVERAGES = ('state_dict_ema', 'model_ema')
# What torch.compile inserts into names.
_COMPILED = '_orig_mod.'
# Names of the network inside of a larger module: DataParallel, Lightning, MoCo v2 and v3, and common habits.
_PREFIXES = (
    'module.',
    'model.',
    'net.',
    'network.',
    'encoder_q.',
    'base_encoder.',
    'encoder.',
    'student.',
)


def has_average(content: Mapping[str, Any]) -> bool:
    """Whether a checkpoint has a moving average of the weights beside them."""
    return any(isinstance(content.get(key), Mapping) for key in (_MMENGINE_PLAIN, *_AVERAGES))


def usual_weights(content: Mapping[str, Any]) -> str:
    """The kind of the weights in the usual place: ``'average'`` or ``'plain'``."""
    return 'average' if _MMENGINE_PLAIN in content else 'plain'


def possible_states(content: Mapping[str, Any], weights: str = 'auto') -> Iterator[State]:
    """Yield the state dicts that a checkpoint may mean, the most likely one first.

    Each is flat: name to tensor, without the names of wrappers around the network.

    Args:
        content: What the file holds.
        weights: A name in :data:`WEIGHTS`.

    Raises:
        ValueError: If the average is asked for and there is none.
    """
    if weights == 'average' and not has_average(content):
        raise ValueError('expected a checkpoint with a moving average of the weights (EMA), got one without')
    for mapping in _mappings(content, weights):
        tensors = {name: value for name, value in mapping.items() if isinstance(value, Tensor)}
        if tensors:
            yield from _without_wrappers({name.replace(_COMPILED, ''): value for name, value in tensors.items()})


def largest_state(content: Any, place: str = '') -> tuple[int, str]:
    """Number of tensors and place, ``'a.b.c'``, of the mapping or list with the most of them, for messages."""
    entries = list(content.items() if isinstance(content, Mapping) else enumerate(content))
    here = (sum(isinstance(value, Tensor) for _, value in entries), place)
    inner = [
        largest_state(value, f'{place}.{key}'.lstrip('.'))
        for key, value in entries
        if isinstance(value, Mapping | list | tuple)
    ]
    return max([here, *inner])


def _mappings(content: Mapping[str, Any], weights: str) -> Iterator[Mapping[str, Any]]:
    if weights == 'plain' and _MMENGINE_PLAIN in content:
        # Its only name beside the weights' counts the steps.
        yield tensors_under(content[_MMENGINE_PLAIN], 'module.')
        return
    averages = [content[key] for key in _AVERAGES if isinstance(content.get(key), Mapping)]
    if weights == 'average' and averages:
        yield averages[0]
        return
    inner = [content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)]
    for mapping in inner:
        yield from _mappings(mapping, 'auto')
    yield content


def _without_wrappers(state: State) -> Iterator[State]:
    if all(name.startswith('module.') for name in state):
        state = tensors_under(state, 'module.')
    yield state
    for prefix in _PREFIXES:
        if inner := tensors_under(state, prefix):
            yield from _without_wrappers(inner)
