"""AgMax and CutMix for OpenMMLab: pre-train image classifiers that transfer."""

from agmax_mm.operators.finder import install

__version__ = '0.1.0'

# Where mmcv was installed without its compiled operators, those of agmax_mm.operators answer in their place.
install()
