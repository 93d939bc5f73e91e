"""Small sets of recordings, made in a folder."""

from pathlib import Path

import numpy as np
import soundfile

from agmax_mm.speech.layouts import WORDS

# Hertz of the two words of the small sets: easily told apart.
TONES = {'high': 2000.0, 'low': 300.0}


def tone(hertz, seconds=0.5, rate=8000, seed=0):
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    wave = 0.3 * np.sin(2 * np.pi * hertz * (time + generator.random())) + 0.01 * generator.normal(size=len(time))
    return wave.astype(np.float32)


def write(path, samples, rate=8000, **options):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)
    return path


def split_folders(root, per_word=6):
    """``root/{train,valid,test}/{high,low}/*.wav``, and noise."""
    for place, split in enumerate(('train', 'valid', 'test')):
        for word, hertz in TONES.items():
            for number in range(per_word):
                seed = 100 * place + number
                write(root / split / word / f'{number}.wav', tone(hertz * (1 + 0.02 * number), seed=seed))
    write(root / 'train' / '_background_noise_' / 'hiss.wav', tone(0.0, seconds=2.5, seed=9))
    return root


def archive(root, words=WORDS, rate=8000, per_word=3):
    """The layout of the archive: of each word one recording to train with, one for validation, one for the test."""
    for place, word in enumerate(words):
        for number in range(per_word):
            write(root / word / f'{number}_nohash_0.wav', tone(200 + 50 * place, seed=number, rate=rate), rate)
    for number, name in ((1, 'validation_list.txt'), (2, 'testing_list.txt')):
        (root / name).write_text(''.join(f'{word}/{number}_nohash_0.wav\n' for word in words))
    write(root / '_background_noise_' / 'hiss.wav', tone(0.0, seconds=2.5, rate=rate), rate)
    return root
