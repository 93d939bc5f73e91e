"""What shortens the time to the first step."""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType

from mmengine.config import Config

# A part for detectors alone, for which mmpretrain imports all of mmdet, and with it scikit-learn, scipy and matplotlib.
_FOR_DETECTORS = 'mmpretrain.models.utils.res_layer_extra_norm'


def import_what_runs_need() -> None:
    """Import what trains and tests, but for mmdet; for a command, as nothing that is there by then is ever freed."""
    if _FOR_DETECTORS not in sys.modules:
        # As mmpretrain has it where mmdet is not installed.
        without = ModuleType(_FOR_DETECTORS)
        without.ResLayerExtraNorm = None  # type: ignore[attr-defined]
        sys.modules[_FOR_DETECTORS] = without
    importlib.import_module('agmax_mm.engine.launch')
    # Modules stay: collections, of which each data set begins with one, need not go through half a million objects.
    gc.freeze()


def import_what_detectors_need() -> None:
    """Make up for what :func:`import_what_runs_need` left out."""
    if getattr(sys.modules.get(_FOR_DETECTORS), '__spec__', None) is None:
        sys.modules.pop(_FOR_DETECTORS, None)
        importlib.import_module(_FOR_DETECTORS)


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
