"""The studies that the page is made of, what each is asked, and the papers' gains beside them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from tools.recipes.papers import parsed_cell, table_lines

MAIN = 'main_cifar10'
# The ways to use two views, and what each is compared with; the first of both is what the front page tells.
AGREEMENTS = {'mi': 'AgMax', 'mi_qnet': "AgMax, the authors' code", 'mse': 'MSE', 'kl': 'KL'}
REFERENCES = {
    'baseline': 'one view',
    'twice': 'one view, twice the epochs (equal compute)',
    'two_views': 'two views without agreement',
}


@dataclass(frozen=True)
class Topic:
    """A study on the page.

    Attributes:
        study: Name of its file in ``benchmarks/studies/``.
        title: Heading.
        text: What is asked, and on what.
        paper: Column of the AgMax paper's table whose gains stand beside, and the table's number.
        pairs: Arms to compare, for studies whose arms are not ``<level>-<way>``.
        transfer: Which of the study's fine-tunings is told; none for the study's own runs.
        subject: What its detectors look for.
    """

    study: str
    title: str
    text: str
    paper: tuple[int, str] | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    transfer: str = ''
    subject: str = ''


_FINE_TUNED = (('frozen', 'stem, first stage and batch statistics stay'), ('full', 'all layers learn'))
_LOCALISATION = (('agmax', 'baseline'), ('cutmix_agmax', 'cutmix'))
TOPICS = (
    Topic(
        MAIN,
        'The main study',
        'WRN-10-2 with a strided first convolution, 2,000 training images of CIFAR-10, all 10,000 test images, 40 '
        'epochs to a rate of 0. Each arm and seed is one whole training.',
        (2, 'CIFAR-10, WRN-40-2'),
    ),
    Topic(
        f'{MAIN}_augmentations',
        'Other augmentations',
        "The paper's other five augmentations in the same setup.",
        (2, 'CIFAR-10, WRN-40-2'),
    ),
    Topic(f'{MAIN}_sizes', 'Fewer and more images', 'CutMix on 500 and on 10,000 images, in place of 2,000.'),
    Topic(
        f'{MAIN}_rates',
        'Learning rates',
        "CutMix at four rates. The author's own ablation has AgMax lose at 0.01 and gain at 0.1.",
    ),
    *(
        Topic(
            f'{MAIN}_detection',
            f'Detectors from these backbones, {name}',
            'Faster R-CNN on 160 photographs of raccoons at 160 px, 200 steps of 4, tested on 40 others, from the main '
            f"study's backbones with CutMix and AutoAugment; {how}.",
            transfer=name,
            subject='raccoons',
        )
        for name, how in _FINE_TUNED
    ),
    *(
        Topic(
            f'{MAIN}_masks',
            f'Masks from such backbones, {name}',
            "Mask R-CNN on the demo's scenes of handwritten digits at 160 px, 512 to train on and 160 to test on, 200 "
            f"steps of 4, from the main study's arms with CutMix and AutoAugment, trained again; {how}.",
            transfer=name,
            subject='digits',
        )
        for name, how in _FINE_TUNED
    ),
    *(
        Topic(
            f'{MAIN}_people',
            f'People in photographs, {name}',
            'Mask R-CNN on 60 photographs of COCO at 160 px, 200 steps of 4, tested on 20 others, people alone, from '
            f"the main study's arms with CutMix and AutoAugment, trained again; {how}.",
            transfer=name,
            subject='people',
        )
        for name, how in _FINE_TUNED
    ),
    Topic(
        f'{MAIN}_modern',
        'A modern recipe',
        'Does AgMax add anything to what people train with today: TrivialAugment, Mixup or CutMix in each step, random '
        'erasing, label smoothing and an average of the weights?',
    ),
    Topic(
        'speech_digits',
        'Speech',
        'LeNet5 on 1,000 recordings of ten spoken digits by two speakers; the test is a third speaker.',
        (3, 'LeNet5, test'),
    ),
    Topic('speech_digits_vgg11', 'Speech, VGG11', 'A narrow VGG11 on the same recordings.', (3, 'VGG11, test')),
    Topic(
        'localization_tiny',
        'Localisation, Tiny ImageNet',
        'EfficientNet-Lite0 from published weights, 200 images of ten classes; boxes from class activation maps.',
        pairs=_LOCALISATION,
    ),
    Topic(
        'localization_birds',
        'Localisation, birds',
        'The same network on 150 photographs of five classes of CUB-200-2011, 224 px, four epochs. The '
        'page has the box in the centre beside it, which finds more at this threshold and less at the best one.',
        pairs=_LOCALISATION,
    ),
)


@functools.cache
def paper_gains(table: int, column: str) -> Mapping[str, float]:
    """The gains of AgMax that a table of its paper prints in parentheses, by augmentation as studies name them."""
    gains = {}
    for line in table_lines(f'agmax_{table}'):
        augmentation, _, agmax = line['row'].partition(' with ')
        if agmax:
            gain = parsed_cell(line[column])[2]
            if gain is not None:
                gains[augmentation.lower().replace('+', '_')] = gain
    return gains
