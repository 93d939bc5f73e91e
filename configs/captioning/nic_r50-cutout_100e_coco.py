"""NIC on a frozen ResNet-50 pre-trained with Cutout, COCO captions of 2014, 100 epochs.

Paper:     Yun et al., ICCV 2019, Table A1, Cutout: BLEU1 63.0, BLEU2 45.3, BLEU3 32.6, BLEU4 24.0, METEOR 22.6, ROUGE
           48.2, CIDEr 74.1. Table 10 prints BLEU1 and BLEU4.
Decided:   Training on train2014 and evaluation on val2014, as the code that the paper builds on has it: the paper names
           120,000 and 40,000 images, and the captions of its test images are not public. Unlike that code, the test
           looks at the middle of the images, the frozen backbone keeps its statistics, the loss is a mean over words,
           beams stop at the end of a sentence, and punctuation is left out: each by name in docs/captioning.md.
Ours:      not run.
Run:       python tools/train.py configs/captioning/nic_r50-cutout_100e_coco.py --data data/coco
Reference: --cfg-options model.legacy=True (as in that code's runs)
Made by:   tools/make_recipes.py
"""

_base_ = [
    '../_base_/captioning/nic.py',
    '../_base_/captioning/coco2014.py',
]

paper = [
    dict(table='A1', row='Cutout', metric='caption/bleu1', value=63.0),
    dict(table='A1', row='Cutout', metric='caption/bleu2', value=45.3),
    dict(table='A1', row='Cutout', metric='caption/bleu3', value=32.6),
    dict(table='A1', row='Cutout', metric='caption/bleu4', value=24.0),
    dict(table='A1', row='Cutout', metric='caption/meteor', value=22.6),
    dict(table='A1', row='Cutout', metric='caption/rouge_l', value=48.2),
    dict(table='A1', row='Cutout', metric='caption/cider', value=74.1),
]

default_hooks = dict(backbone=dict(checkpoint='work_dirs/cutmix/resnet50_cutout_300e/backbone_last.safetensors'))
