"""Data preprocessors."""

from agmax_mm.models.data_preprocessors.two_view import TwoViewDataPreprocessor

__all__ = ['TwoViewDataPreprocessor']
