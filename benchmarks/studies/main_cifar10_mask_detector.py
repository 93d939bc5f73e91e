"""The detector of main_cifar10_masks.py: Mask R-CNN on maps of the main study's small network.

The demo's detector, small everywhere, with the network of main_cifar10_base.py in place of its ResNet-18, as in
main_cifar10_detector.py.
"""

_base_ = '../../configs/demo/mask-rcnn_digits_coco.py'

model = dict(
    # What the network was trained on, see configs/_base_/datasets/cifar10.py.
    data_preprocessor=dict(mean=[125.307, 122.961, 113.8575], std=[51.5865, 50.847, 51.255], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='agmax_mm.WideResNet',
        depth=10,
        widen_factor=2,
        stem_stride=2,
        out_indices=(0, 1, 2),
        frozen_stages=1,
        norm_eval=True,
        init_cfg=None,
    ),
    neck=dict(in_channels=[32, 64, 128], start_level=1),
)
