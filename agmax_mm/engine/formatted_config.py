"""A config whose text is made once."""

from __future__ import annotations

from mmengine.config import Config

# Texts of the last configs by their content.
_TEXTS: dict[str, str] = {}
_MOST_TEXTS = 32


class FormattedOnce(Config):
    """A config that is formatted anew only when it has changed.

    That takes a third of a second, and more for a detector. The host asks for it four times before the first step and
    at each checkpoint.
    """

    @classmethod
    def of(cls, config: Config) -> FormattedOnce:
        """A config of the same content, shared with ``config``."""
        made = cls()
        made.__dict__.update(config.__dict__)
        return made

    @property
    def pretty_text(self) -> str:
        """The config as Python code."""
        content = repr(self._cfg_dict)
        if content not in _TEXTS:
            if len(_TEXTS) >= _MOST_TEXTS:
                _TEXTS.clear()
            _TEXTS[content] = super().pretty_text
        return _TEXTS[content]
