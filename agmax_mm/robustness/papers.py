"""The papers' figures of robustness, as printed: N is ImageNet's validation set and ResNet-50 unless said otherwise."""

from __future__ import annotations

# AgMax, Table 4: mCE, then CE in the order of ImageNet-C's 15; 270 epochs.
_TABLE_4 = """
Standard 74.8 71.8 73.3 76.5 79.2 91.0 82.3 80.9 74.3 73.0 61.6 57.8 65.2 89.1 71.7 73.9
CutOut 75.2 74.3 76.4 80.8 77.3 91.2 79.1 79.8 75.5 74.0 63.3 57.1 64.7 87.9 73.4 73.8
MixUp 69.9 65.0 68.7 70.1 76.8 90.2 78.7 77.6 67.6 62.7 54.9 53.9 54.5 87.6 68.7 71.9
CutMix 75.0 74.5 76.8 81.8 79.0 92.3 81.2 78.2 73.5 73.8 62.0 55.9 64.8 88.9 68.9 73.9
AA 72.6 66.6 67.1 71.5 77.6 88.8 78.1 83.2 72.9 73.2 60.3 54.2 60.2 91.0 71.9 72.5
CutOut+AA 72.2 67.6 68.6 72.0 75.4 90.0 78.6 81.8 73.2 74.0 59.3 54.2 58.6 92.6 68.3 68.5
MixUp+AA 67.6 59.8 60.6 63.8 74.9 86.9 74.9 78.2 66.4 64.7 53.3 52.3 53.3 88.6 69.0 67.1
CutMix+AA 72.2 66.4 67.0 72.5 76.7 91.5 77.5 78.1 73.3 72.8 58.8 53.3 60.1 91.1 71.7 72.3
Standard+AgMax 74.9 72.4 74.6 77.9 78.5 89.9 81.3 82.4 75.0 73.3 62.3 56.3 64.3 89.7 70.8 74.3
CutOut+AgMax 74.9 72.7 75.1 78.6 78.4 91.8 79.5 79.9 74.5 74.5 61.7 55.8 63.6 89.5 74.6 73.6
MixUp+AgMax 69.9 65.0 68.7 69.0 76.8 90.4 77.8 77.3 67.8 61.2 54.9 54.4 56.3 89.0 67.9 72.1
CutMix+AgMax 75.3 74.5 76.7 80.4 78.2 91.7 79.0 77.3 74.4 74.2 62.0 56.2 64.8 89.6 74.9 76.1
AA+AgMax 73.7 68.7 69.6 73.9 79.3 88.7 79.4 83.5 73.8 73.3 62.2 55.5 59.4 92.5 72.0 74.3
CutOut+AA+AgMax 73.3 68.4 69.0 74.6 77.1 90.6 78.2 83.6 75.0 74.5 61.3 54.1 58.8 92.5 71.7 70.8
MixUp+AA+AgMax 67.1 57.2 58.5 60.8 75.8 89.6 76.2 78.7 64.4 60.2 52.1 51.9 52.5 90.4 69.1 69.8
CutMix+AA+AgMax 72.9 70.8 71.5 75.4 75.8 91.9 77.8 78.6 72.2 72.9 58.1 52.8 58.9 90.0 74.0 72.9
"""
AGMAX_TABLE_4: dict[str, tuple[float, ...]] = {
    line.split()[0]: tuple(map(float, line.split()[1:])) for line in _TABLE_4.split('\n') if line
}
# AgMax, Table 5: mCE and clean error of other works.
AGMAX_TABLE_5: dict[str, tuple[float, float]] = {
    'DeepAugment+AugMix': (53.6, 24.2),
    'Assemble-ResNet50': (56.5, 17.9),
    'ANT3x3': (63.0, 23.9),
    'BlurAfterConv': (64.9, 21.2),
    'AugMix': (65.3, 22.5),
    'MixUp+AA+AgMax': (67.1, 21.4),
    'StylizedImageNet': (69.3, 25.1),
    'PatchUniform': (74.3, 24.5),
    'Baseline': (76.7, 23.8),
}
# AgMax, Table 6: top-1 under FGSM at eps 0.1, 0.3 and 0.5 in normalised units; 270 epochs.
AGMAX_TABLE_6: dict[str, tuple[float, float, float]] = {
    'Standard': (24.9, 13.4, 8.0),
    'CutOut': (24.6, 12.8, 7.4),
    'MixUp': (31.8, 21.0, 15.1),
    'CutMix': (34.5, 20.4, 13.0),
    'AA': (29.3, 20.4, 15.3),
    'CutOut+AA': (28.9, 20.2, 14.4),
    'MixUp+AA': (35.0, 26.4, 20.7),
    'CutMix+AA': (37.0, 27.2, 20.3),
    'Standard+AgMax': (28.5, 16.6, 10.5),
    'CutOut+AgMax': (26.2, 14.3, 9.0),
    'MixUp+AgMax': (35.0, 23.4, 16.4),
    'CutMix+AgMax': (37.5, 22.3, 13.5),
    'AA+AgMax': (28.1, 19.9, 14.9),
    'CutOut+AA+AgMax': (32.0, 22.1, 14.4),
    'MixUp+AA+AgMax': (35.6, 28.1, 23.5),
    'CutMix+AA+AgMax': (37.7, 28.0, 21.4),
}
# CutMix, Table 11: top-1 under FGSM at 8/255; 300 epochs.
CUTMIX_TABLE_11: dict[str, float] = {'Baseline': 8.2, 'Mixup': 24.4, 'Cutout': 11.5, 'CutMix': 31.0}
# CutMix, Table 12: TNR at 95 % TPR, AUROC, detection accuracy; PyramidNet-200, CIFAR-100, means of the seven sets.
CUTMIX_TABLE_12: dict[str, tuple[float, float, float]] = {
    'Baseline': (26.3, 87.3, 82.0),
    'Mixup': (11.8, 49.3, 60.9),
    'Cutout': (18.8, 68.7, 71.3),
    'CutMix': (69.0, 94.4, 89.1),
}
_METHODS = ('Baseline', 'Mixup', 'Cutout', 'CutMix')
# CutMix, Table A2: the same by set.
_TABLE_A2: dict[str, tuple[tuple[float, float, float], ...]] = {
    'TinyImageNet, crop': ((43.0, 88.9, 81.3), (22.6, 71.6, 69.8), (30.5, 85.6, 79.0), (57.1, 92.4, 85.0)),
    'TinyImageNet, resize': ((29.8, 84.2, 77.0), (12.3, 56.8, 61.0), (22.0, 82.8, 77.1), (55.4, 91.9, 84.5)),
    'LSUN, crop': ((34.6, 86.5, 79.5), (22.9, 76.3, 72.3), (33.2, 85.7, 78.5), (47.6, 90.3, 82.8)),
    'LSUN, resize': ((34.3, 86.4, 79.0), (13.0, 59.0, 61.8), (23.7, 84.0, 78.4), (62.8, 93.7, 86.7)),
    'iSUN': ((32.0, 85.1, 77.8), (11.8, 57.0, 61.0), (22.2, 82.8, 76.8), (60.1, 93.0, 85.7)),
    'uniform noise': ((0.0, 89.2, 89.2), (0.0, 0.8, 50.0), (0.0, 35.6, 59.1), (100.0, 99.8, 99.7)),
    'gaussian noise': ((10.4, 90.7, 89.9), (0.0, 23.4, 50.5), (0.0, 24.3, 50.0), (100.0, 99.7, 99.0)),
}
CUTMIX_TABLE_A2: list[tuple[str, str, float, float, float]] = [
    (name, method, *figures) for name, rows in _TABLE_A2.items() for method, figures in zip(_METHODS, rows, strict=True)
]
