"""NIC on 560 pictures of Flickr8k.

The backbone is a published EfficientNet-Lite0, which stays as it is. 140 other pictures are captioned. The setup,
../captioning/nic_lite0_flickr.py, is that of the CutMix paper but for the backbone, the pictures and the length. What
captions score that nobody looked at a picture for is in docs/captioning.md.
"""

base = '../captioning/nic_lite0_flickr.py'
arms = dict(pretrained={})
metrics = ['caption/cider', 'caption/bleu1', 'caption/bleu4', 'caption/meteor', 'caption/rouge_l']
seeds = [0, 1, 2]
