"""The tasks besides classification: one table from a config to the room of its task.

The engine asks this table and knows no task by name. A room is a lower package that imports nothing of the engine, such
as :mod:`agmax_mm.detection`. To add one:

1. Give it a module ``complete`` with the names of :class:`Room`. It must import quickly: the host's package of the task
   is imported in its functions.
2. Add one row to :data:`TASKS`: the ``default_scope`` of the task's configs, the type of their model, or a top-level
   key that only they have. A task whose configs are those of classification with other parts has none of these: it
   completes the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mmengine.config import Config, ConfigDict

from agmax_mm.captioning import complete as captioning
from agmax_mm.detection import complete as detection
from agmax_mm.engine.addresses import bare_type
from agmax_mm.localization import complete as localization
from agmax_mm.speech import complete as speech


class Room(Protocol):
    """The members of a task's module ``complete``."""

    __name__: str

    @property
    def HOOKS(self) -> Mapping[str, Mapping[str, Any]]:
        """Default hooks of the task's runs, by the name that a config overrides them by."""

    def import_host(self) -> None:
        """Import what the task's runs need of the host, when a run of it begins."""

    def complete_config(self, config: Config) -> None:
        """Complete a config in place, twice without harm; configs of other tasks that hold parts of this one, too."""

    def check_config(self, config: Config) -> None:
        """Refuse a complete config of the task that would fail later: a ``ValueError`` of one line."""


@dataclass(frozen=True)
class Task:
    """A row of the table.

    Attributes:
        room: The task's module ``complete``.
        scope: ``default_scope`` of the task's configs, or None where a key tells them.
        key: Top-level key that the task's configs alone have, or None where the scope tells them.
        model: End of the type of the task's models, or None where the scope or a key tells its configs.

    A room with neither completes configs, and needs no more than classification does.
    """

    room: Room
    scope: str | None = None
    key: str | None = None
    model: str | None = None

    @property
    def name(self) -> str:
        """The room's name, such as ``'detection'``."""
        return self.room.__name__.split('.')[-2]

    def has(self, config: Config) -> bool:
        """Whether a config is of this task."""
        by_scope = self.scope is not None and config.get('default_scope') == self.scope
        by_model = self.model is not None and bare_type(config.get('model') or {}) == self.model
        return by_scope or by_model or (self.key is not None and self.key in config)


TASKS = (
    Task(detection, scope='mmdet'),
    Task(captioning, model=captioning.MODEL),
    Task(localization),
    Task(speech),
)


def task_name(config: Config) -> str:
    """The name of a config's task: that of its room, or ``'classification'``, which has none."""
    return next((task.name for task in TASKS if task.has(config)), 'classification')


def add_task_hooks(config: Config) -> None:
    """Add the default hooks of a config's task, in place, where the config has none of their name."""
    for task in TASKS:
        if task.has(config):
            for name, hook in task.room.HOOKS.items():
                config.default_hooks.setdefault(name, ConfigDict(hook))


def complete_tasks(config: Config) -> None:
    """Let every task complete its parts of a config, in place, and check a config of its own.

    Raises:
        ValueError: If a check fails.
    """
    for task in TASKS:
        task.room.complete_config(config)
        if task.has(config):
            task.room.check_config(config)


def import_task(config: Config) -> None:
    """Import what the runs of a config's task need of the host."""
    for task in TASKS:
        if task.has(config):
            task.room.import_host()
