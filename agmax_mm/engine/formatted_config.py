"""A config whose text is made once."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config

# Texts of the last assignments by their content.
_TEXTS: dict[str, str] = {}
_MOST_TEXTS = 2048


class FormattedOnce(Config):
    """A config of which only the assignments are formatted anew that have changed.

    Formatting is slow, most of all a detector. The host asks for the text four times before the first step and at each
    checkpoint, hashes and records for that of configs that differ in a few assignments.
    """

    @classmethod
    def of(cls, config: Config) -> FormattedOnce:
        """A config of the same content, shared with ``config``."""
        made = cls()
        made.__dict__.update(config.__dict__)
        return made

    @property
    def pretty_text(self) -> str:
        """The config as Python code, the same as the host's."""
        content = self.to_dict()
        if not all(str(key).isidentifier() for key in content):  # the host refuses it
            return super().pretty_text
        return ''.join(_assignment(key, content[key]) for key in sorted(content, key=str))


def _assignment(key: str, value: Any) -> str:
    """The text of one of a config's assignments, of which none depends on another one."""
    content = f'{key}={value!r}'
    if content not in _TEXTS:
        if len(_TEXTS) >= _MOST_TEXTS:
            _TEXTS.clear()
        _TEXTS[content] = Config({key: value}).pretty_text
    return _TEXTS[content]
