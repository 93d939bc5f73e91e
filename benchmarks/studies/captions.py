"""NIC on 560 pictures of Flickr8k, with a backbone that knows ImageNet and with an untrained one.

Both backbones are EfficientNet-Lite0 and stay as they are. An untrained one gives other pictures other features, too,
but none that were made to tell things apart. 140 pictures are captioned. The setup,
../captioning/nic_lite0_flickr.py, is that of the CutMix paper but for the backbone, the pictures and the length.
"""

base = '../captioning/nic_lite0_flickr.py'
arms = dict(
    untrained={'default_hooks.backbone.checkpoint': None},
    pretrained={},
)
metrics = ['caption/cider', 'caption/bleu1', 'caption/bleu4', 'caption/meteor', 'caption/rouge_l']
seeds = [0, 1, 2]
