"""Classifiers."""

from agmax_mm.models.classifiers.agmax import AgMaxClassifier

__all__ = ['AgMaxClassifier']
