"""Real handwritten digits made into small data sets: image folders to pre-train on, scenes to detect in."""

from agmax_mm.demo.digits.build import DigitDataSpec, build_digit_data
from agmax_mm.demo.digits.scenes import Scene, SceneDigit, compose_scene
from agmax_mm.demo.digits.source import DigitPool, load_digits, split_digits
from agmax_mm.demo.digits.textures import textured_background

__all__ = [
    'DigitDataSpec',
    'DigitPool',
    'Scene',
    'SceneDigit',
    'build_digit_data',
    'compose_scene',
    'load_digits',
    'split_digits',
    'textured_background',
]
