"""Names of earlier versions in configs of users, of old work directories and of checkpoints."""

from __future__ import annotations

from typing import Any

_PACKAGE = 'agmax_mm.'
# Module or class of an earlier version -> today's. The first entry that fits counts: a longer name stands before a
# shorter one that it begins with.
_MOVED = {
    'engine.hooks.progress.ProgressHook': 'engine.hooks.set_progress.SetProgressHook',
    'engine.hooks.progress': 'engine.hooks.set_progress',
    'engine.hooks.ProgressHook': 'engine.hooks.SetProgressHook',
    'models.classifiers.agmax': 'models.classifier',
    'models.classifiers': 'models.classifier',
    'models.coins': 'batch_augments.coins',
    'models.data_preprocessors.two_view': 'models.data_preprocessor',
    'models.data_preprocessors': 'models.data_preprocessor',
    'models.heads.pair_head': 'models.agreements.pair_head',
    'models.heads': 'models.agreements.pair_head',
    'transfer.curves': 'detection.record',
    'transfer.datasets': 'detection.datasets',
    'transfer.ssd_head': 'detection.ssd_head',
}


def current_name(name: str) -> str:
    """Today's name of a module or class, such as ``'agmax_mm.detection.ssd_head.SSDHead'``.

    A name that no earlier version moved is returned as it is.
    """
    inner = name.removeprefix(_PACKAGE)
    if inner == name:
        return name
    for old, new in _MOVED.items():
        if inner == old or inner.startswith(f'{old}.'):
            return _PACKAGE + new + inner.removeprefix(old)
    return name


def use_current_names(content: Any) -> None:
    """Replace old names in a config or a part of it, in place: types, and modules of ``custom_imports``."""
    for key, value in _items(content):
        if isinstance(value, str):
            if key in ('type', 'imports'):
                content[key] = current_name(value)
        elif key == 'imports' and isinstance(value, list | tuple):
            content[key] = [current_name(name) if isinstance(name, str) else name for name in value]
        else:
            use_current_names(value)


def _items(content: Any) -> list[tuple[Any, Any]]:
    if hasattr(content, 'items'):  # mmengine's Config is no dict
        return list(content.items())
    return list(enumerate(content)) if isinstance(content, list | tuple) else []
