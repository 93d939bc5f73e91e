"""Names of earlier versions: in configs of users, of old work directories and of checkpoints, and in imports."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

_PACKAGE = 'agmax_mm.'
# Module or class of an earlier version -> today's. The first entry that fits counts: a longer name stands before a
# shorter one that it begins with.
_MOVED = {
    'datasets.digits': 'demo.digits',
    'engine.detection': 'detection.complete',
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
    'report.results': 'results.runs',
    'report': 'results',
    'study.definition': 'experiments.study',
    'study.report': 'experiments.study_report',
    'study.runs': 'experiments.study_runs',
    'study': 'experiments',
    'transfer.comparison': 'experiments.comparison',
    'transfer.curves': 'detection.record',
    'transfer.datasets': 'detection.datasets',
    'transfer.defects': 'detection.defects',
    'transfer.detectors': 'detection.detectors',
    'transfer.finetune': 'experiments.finetuning',
    'transfer.formats': 'checkpoints.formats',
    'transfer.job': 'experiments.finetuning_job',
    'transfer.layouts': 'detection.layouts',
    'transfer.recipe': 'detection.recipe',
    'transfer.ssd_head': 'detection.ssd_head',
    'transfer.summary': 'results.summary',
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


class _MovedModules(MetaPathFinder):
    """Is asked last, for modules that nothing else has found."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        now = current_name(fullname)
        if now != fullname:
            raise ModuleNotFoundError(f'No module named {fullname!r}: it is {now!r} now', name=fullname)


def explain_moved_modules() -> None:
    """Let the error of an import of an earlier version's module name today's."""
    if not any(isinstance(finder, _MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())


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
