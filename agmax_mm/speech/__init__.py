"""Speech: words from short recordings, as spectrograms."""

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
