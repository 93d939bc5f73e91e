"""NIC on 560 pictures of Flickr8k, with a backbone that knows ImageNet and with an untrained one.

Both backbones are EfficientNet-Lite0 and stay as they are; an untrained one gives other pictures other features, too, but
none that were made for telling things apart. 140 pictures are captioned. The setup is that of
../captioning/nic_lite0_flickr.py, and that of the papers' networks but for the network and the number of pictures.
"""

base = '../captioning/nic_lite0_flickr.py'
arms = dict(
    untrained={'default_hooks.backbone.checkpoint': None},
    pretrained={},
)
seeds = [0, 1, 2]
