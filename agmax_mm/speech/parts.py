"""The types of speech that configs name: the registries import this module when they look for one."""

import agmax_mm.registry  # noqa: F401  # first, as it imports the host without its notices
from agmax_mm.speech.datasets import LoadRecording, SpeechCommands
from agmax_mm.speech.metrics import WordAccuracy
from agmax_mm.speech.networks import VGG11, LeNet5
from agmax_mm.speech.preprocessor import SpeechDataPreprocessor
from agmax_mm.speech.transforms import (
    BackgroundNoise,
    ChangeAmplitude,
    ChangeSpeedAndPitch,
    Decibels,
    FixFrames,
    FixLength,
    MelPower,
    ShortTimeFourier,
    Stretch,
    TimeShift,
)

__all__ = [
    'VGG11',
    'BackgroundNoise',
    'ChangeAmplitude',
    'ChangeSpeedAndPitch',
    'Decibels',
    'FixFrames',
    'FixLength',
    'LeNet5',
    'LoadRecording',
    'MelPower',
    'ShortTimeFourier',
    'SpeechCommands',
    'SpeechDataPreprocessor',
    'Stretch',
    'TimeShift',
    'WordAccuracy',
]
