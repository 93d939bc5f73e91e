"""A config whose text is made once."""

from __future__ import annotations

from mmengine.config import Config


class FormattedOnce(Config):
    """A config that is formatted anew only when it has changed.

    That takes a third of a second, and the host asks for it four times before the first step and at each checkpoint.
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
        if content != self.__dict__.get('_formatted_content'):
            # Attributes that are set as usual become keys of the config.
            self.__dict__.update(_formatted_content=content, _formatted=super().pretty_text)
        return str(self.__dict__['_formatted'])
