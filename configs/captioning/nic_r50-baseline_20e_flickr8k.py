"""NIC on the features of a ResNet-50 pre-trained as the baseline, Flickr8k, 20 epochs: the small version.

Paper:   none.
Ours:    not run.
Run:     python tools/train.py configs/captioning/nic_r50-baseline_20e_flickr8k.py --data data/flickr8k
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/captioning/nic.py',
    '../_base_/captioning/flickr8k.py',
]

train_cfg = dict(max_epochs=20, val_interval=5)

default_hooks = dict(
    backbone=dict(checkpoint='work_dirs/cutmix/resnet50_baseline_300e/backbone_last.safetensors'),
    features=dict(type='agmax_mm.FeatureCacheHook'),
)
