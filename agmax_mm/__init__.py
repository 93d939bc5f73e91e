"""AgMax and CutMix for OpenMMLab: pre-train image classifiers that transfer."""

from typing import TYPE_CHECKING, Any

from agmax_mm import multimodal
from agmax_mm.moved_names import explain_moved_modules
from agmax_mm.operators.finder import install

if TYPE_CHECKING:
    from agmax_mm.prediction.predictor import Predictor

__all__ = ['Predictor', '__version__']

__version__ = '0.2.0'

# Where mmcv was installed without its compiled operators, those of agmax_mm.operators answer in their place.
install()
multimodal.install()
explain_moved_modules()


def __getattr__(name: str) -> Any:
    """Import :class:`~agmax_mm.prediction.predictor.Predictor` on demand: the package itself must import at once."""
    if name != 'Predictor':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from agmax_mm.prediction.predictor import Predictor

    return Predictor
