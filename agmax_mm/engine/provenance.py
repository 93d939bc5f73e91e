"""The origin of each value of a config: a file, an option, or the completion at the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from agmax_mm.engine.bases import allow_own_bases
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.moved_names import use_current_names

# In the place of a file, for values that no file states.
OPTION = '--cfg-options'
COMPLETED = 'completed at the start'


@dataclass(frozen=True)
class Origin:
    """A value of a config, and the file that states it, or :data:`OPTION` or :data:`COMPLETED`."""

    value: Any
    source: str


def config_origins(path: str, options: Mapping[str, Any] | None = None) -> dict[str, Origin]:
    """Every value of a complete config by its dotted key, in the order of the config.

    A file counts as the origin of a value if none of its bases has this value there.

    Args:
        path: The config file.
        options: Dotted keys and their values, as for :func:`~agmax_mm.engine.config.load_config`.

    Raises:
        ValueError: If the config cannot be read, or an option is wrong.
    """
    options = dict(options or {})
    allow_own_bases()
    stated = _file_origins(path)
    config = load_config(path)
    plain = _flat(config)
    if options:
        config = load_config(path, options)
    chosen = _flat(config)
    prepare_config(config, world_size=1)
    origins = {}
    for key, value in _flat(config).items():
        if key in chosen and chosen[key] == value and plain.get(key, _MISSING) != value:
            origins[key] = Origin(value, OPTION)
        elif key in stated and stated[key].value == value:
            origins[key] = stated[key]
        else:
            origins[key] = Origin(value, COMPLETED)
    return origins


_MISSING = object()


def _file_origins(path: str) -> dict[str, Origin]:
    inherited: dict[str, Origin] = {}
    for base in Config._get_base_files(path):
        inherited.update(_file_origins(Config._get_cfg_path(base, path)[0]))
    config = Config.fromfile(path)
    use_current_names(config)
    return {
        key: inherited[key] if key in inherited and inherited[key].value == value else Origin(value, path)
        for key, value in _flat(config).items()
    }


def _flat(config: Config) -> dict[str, Any]:
    flat: dict[str, Any] = {}

    def add(key: str, value: Any) -> None:
        items: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, Mapping):
            items = value.items()
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list) for item in value):
            items = enumerate(value)
        found = False
        for name, item in items:
            found = True
            add(f'{key}.{name}', item)
        if not found:
            flat[key] = value

    for key, value in config.to_dict().items():
        add(key, value)
    return flat
