"""AgMax and CutMix for OpenMMLab: pre-train image classifiers that transfer."""

__version__ = '0.1.0'
