"""The config inside a checkpoint, as data that cannot run code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.utils import get_object_from_string

from agmax_mm.checkpoints.checkpoint import Checkpoint
from agmax_mm.config_text import read_config_text

# The packages whose classes a config of a checkpoint may name in full. Others must come with a config of the user's.
_PACKAGES = ('agmax_mm', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet')
# Keys at any depth that would read further files: the weights are all in the checkpoint.
_NOT_NEEDED = ('init_cfg', 'pretrained')


def stored_config(checkpoint: Checkpoint) -> Config:
    """The config that a checkpoint's run had.

    It is read as data. Types that are named by a dotted path must be classes of this package or the host's, as the host
    would call whatever else a path leads to.

    Raises:
        ValueError: If the checkpoint holds no config, or one that names anything else.
    """
    meta = checkpoint.content.get('meta')
    text = meta.get('cfg') if isinstance(meta, Mapping) else None
    if not isinstance(text, str):
        raise ValueError(
            f'checkpoint {checkpoint.path!r}: expected one of a training run, which holds its config, got one without; '
            '--config names the config'
        )
    content = read_config_text(text, f'in checkpoint {checkpoint.path!r}')
    content.pop('custom_imports', None)
    for kind in _types(content):
        if '.' in kind and not _is_own_class(kind):
            raise ValueError(
                f'checkpoint {checkpoint.path!r}: expected a config of types of {", ".join(_PACKAGES)}, got {kind!r}; '
                'where you trust it, --config names the config'
            )
    return Config(without_pretrained(content))


def without_pretrained(node: Any) -> Any:
    """A part of a config without what would load further weights."""
    if isinstance(node, Mapping):
        return {key: without_pretrained(value) for key, value in node.items() if key not in _NOT_NEEDED}
    if isinstance(node, list | tuple):
        return type(node)(without_pretrained(item) for item in node)
    return node


def _types(node: Any) -> Iterator[str]:
    """Every text that the host may take for the name of a type: the values of ``type`` keys, at any depth."""
    if isinstance(node, Mapping):
        if isinstance(node.get('type'), str):
            yield node['type']
        for value in node.values():
            yield from _types(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _types(item)


def _is_own_class(kind: str) -> bool:
    """Whether a dotted name is a scope and a registered name, or the path of a class of a known package."""
    package, _, rest = kind.partition('.')
    if package not in _PACKAGES:
        return False
    if '.' not in rest:
        return True
    found = get_object_from_string(kind)
    return isinstance(found, type) and found.__module__.partition('.')[0] in _PACKAGES
