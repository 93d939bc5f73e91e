"""Small sets in the official forms: dark pictures with a bright rectangle, whose channel is the class; and a config."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

BRIGHT, DARK = 220, 20
SIZE = (60, 40)  # width and height of a picture
WNIDS = ('n00000001', 'n00000007', 'n00000009')


def write_picture(path: Path, box, label, size=SIZE):
    """A picture with a rectangle of half-open edges in channel ``label`` (blue, green, red)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((size[1], size[0], 3), DARK, np.uint8)
    x1, y1, x2, y2 = box
    image[max(y1, 0) : y2, max(x1, 0) : x2, label] = BRIGHT
    cv2.imwrite(str(path), image)


# Half-open boxes by image: of each class one image to train on and two to test on.
CUB = {
    3: (0, 'train', (10, 10, 30, 30)),
    5: (0, 'test', (30, 5, 50, 25)),
    6: (0, 'test', (5, 15, 25, 35)),
    11: (1, 'train', (20, 8, 44, 32)),
    12: (1, 'test', (14, 12, 34, 30)),
    20: (1, 'test', (40, 20, 64, 40)),  # leaves the picture, which is 60 px wide
    21: (2, 'train', (12, 12, 36, 30)),
    30: (2, 'test', (16, 6, 40, 28)),
    31: (2, 'test', (2, 2, 22, 20)),
}
_CLASS_IDS = (1, 4, 10)  # whose order is that of numbers, not of text


def write_cub(root: Path) -> Path:
    """``root/CUB_200_2011`` with ids that have gaps, and one grey picture."""
    folder = root / 'CUB_200_2011'
    lines = {name: [] for name in ('images', 'image_class_labels', 'train_test_split', 'bounding_boxes')}
    names = [f'{number:03d}.Bird_{number}' for number in _CLASS_IDS]
    for number, (label, split, (x1, y1, x2, y2)) in CUB.items():
        path = f'{names[label]}/{number}.png'
        write_picture(folder / 'images' / path, (x1, y1, x2, y2), label)
        lines['images'].append(f'{number} {path}')
        lines['image_class_labels'].append(f'{number} {_CLASS_IDS[label]}')
        lines['train_test_split'].append(f'{number} {int(split == "train")}')
        lines['bounding_boxes'].append(f'{number} {x1}.0 {y1}.0 {x2 - x1}.0 {y2 - y1}.0')
    grey = folder / 'images' / names[0] / '3.png'
    cv2.imwrite(str(grey), cv2.imread(str(grey), cv2.IMREAD_GRAYSCALE))
    lines['classes'] = [f'{number} {name}' for number, name in zip(_CLASS_IDS, names, strict=True)]
    for name, content in lines.items():
        (folder / f'{name}.txt').write_text('\n'.join(content) + '\n')
    return root


def add_haze(root: Path) -> None:
    """Around the objects of :func:`write_cub` a share of their colour, so that a sigma below finds all of the image.

    It is 0.405 around those of the second class and 0.605 around the others. The first image to train on has a larger
    patch of 0.75 beside its object, which is the largest part up to there.
    """
    for path in (root / 'CUB_200_2011').glob('images/*/*.png'):
        label, _, (x1, y1, x2, y2) = CUB[int(path.stem)]
        image = np.full((SIZE[1], SIZE[0], 3), DARK, np.uint8)
        channel = image[:, :, label]
        channel[:] = DARK + (81 if label == 1 else 121)
        if path.stem == '3':
            channel[10:, 36:] = DARK + 150
        channel[y1:y2, x1:x2] = BRIGHT
        cv2.imwrite(str(path), image)


def write_tiny(root: Path) -> Path:
    """``root/tiny-imagenet-200`` with a training and a validation image of each class; inclusive boxes."""
    folder = root / 'tiny-imagenet-200'
    listed = []
    for label, wnid in enumerate(WNIDS):
        box = (8 + label, 10, 40, 30 + label)
        inclusive = f'{box[0]}\t{box[1]}\t{box[2] - 1}\t{box[3] - 1}'
        write_picture(folder / 'train' / wnid / 'images' / f'{wnid}_0.JPEG', box, label)
        (folder / 'train' / wnid / f'{wnid}_boxes.txt').write_text(f'{wnid}_0.JPEG\t{inclusive}\n')
        write_picture(folder / 'val' / 'images' / f'val_{label}.JPEG', box, label)
        listed.append(f'val_{label}.JPEG\t{wnid}\t{inclusive}')
    (folder / 'val' / 'val_annotations.txt').write_text('\n'.join(listed) + '\n')
    (folder / 'words.txt').write_text(f'{WNIDS[0]}\tgoldfish, Carassius auratus\n{WNIDS[2]}\tpizza, pizza pie\n')
    return root


def write_imagenet(root: Path) -> Path:
    """``root/ILSVRC`` in the official folders, with a list: the first image has two boxes."""
    folder = root / 'ILSVRC'
    boxes = [[(4, 6, 20, 26), (30, 10, 50, 36)], [(10, 10, 40, 30)], [(0, 0, 60, 40)]]
    lines = []
    for label, given in enumerate(boxes):
        name = f'ILSVRC2012_val_0000000{label}'
        path = folder / 'Data' / 'CLS-LOC' / 'val' / f'{name}.JPEG'
        write_picture(path, given[0], label)
        objects = ''.join(
            f'<object><name>{WNIDS[label]}</name><difficult>0</difficult><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>'
            f'<xmax>{x2 - 1}</xmax><ymax>{y2 - 1}</ymax></bndbox></object>'
            for x1, y1, x2, y2 in given
        )
        xml = folder / 'Annotations' / 'CLS-LOC' / 'val' / f'{name}.xml'
        xml.parent.mkdir(parents=True, exist_ok=True)
        size = f'<size><width>{SIZE[0]}</width><height>{SIZE[1]}</height><depth>3</depth></size>'
        xml.write_text(f'<annotation><filename>{name}</filename>{size}{objects}</annotation>')
        lines.append(f'{name}.JPEG {label}')
    (folder / 'val.txt').write_text('\n'.join(lines) + '\n')
    return root


# Resizing to 48 x 48 and cutting out 40 x 40: boxes move by both.
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(48, 48), interpolation='nearest'),
    dict(type='CenterCrop', crop_size=40),
    dict(type='PackInputs', algorithm_keys=('gt_bboxes',)),
]


def moved(box):
    """A box of the file as it is in the input, by hand: 60 x 40 to 48 x 48, minus the border of 4, clipped."""
    factors = (48 / 60, 48 / 40)
    edges = [box[place] * factors[place % 2] - 4 for place in range(4)]
    return [min(max(edge, 0), 40) for edge in edges]


def write_config(path: Path, data: Path, model='agmax_mm.LocalizingClassifier') -> Path:
    """A network whose maps are the channels of the picture: it finds every rectangle."""
    path.write_text(f"""
default_scope = 'mmpretrain'
custom_imports = dict(imports=['tests.robustness.small'], allow_failed_imports=False)
model = dict(
    type={model!r},
    backbone=dict(type='agmax_mm.ColourNetwork'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels=3, loss=dict(type='CrossEntropyLoss')),
)
data_preprocessor = dict(
    type='ClsDataPreprocessor', num_classes=3, mean=[{DARK}.0] * 3, std=[{BRIGHT - DARK}.0] * 3, to_rgb=False
)
_data = dict(type='agmax_mm.CUBBoxes', data_root={str(data)!r}, pipeline={PIPELINE!r})
train_dataloader = dict(
    batch_size=3, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True), dataset=dict(**_data, split='train')
)
test_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(**_data, split='test')
)
test_evaluator = dict(type='agmax_mm.LocalizationMetric')
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
test_cfg = dict()
""")
    return path
