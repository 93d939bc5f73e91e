"""NIC on a frozen ResNet-50 pre-trained with CutMix, COCO captions of 2014, 100 epochs.

Paper:     Yun et al., ICCV 2019, Table A1, CutMix: BLEU1 64.2, BLEU2 46.3, BLEU3 33.6, BLEU4 24.9, METEOR 23.1, ROUGE
           49.0, CIDEr 77.6. Table 10 prints BLEU1 and BLEU4.
Decided:   Training on train2014 and evaluation on val2014, as the code that the paper builds on has it: the paper names
           120,000 and 40,000 images, and the captions of its test images are not public. Unlike that code, the test
           looks at the middle of the images, the frozen backbone keeps its statistics, the loss is a mean over words,
           beams stop at the end of a sentence, and punctuation is left out: each by name in docs/captioning.md.
Ours:      not run.
Run:       python tools/train.py configs/captioning/nic_r50-cutmix_100e_coco.py --data data/coco
Reference: --cfg-options model.legacy=True (as in that code's runs)
Made by:   tools/make_recipes.py
"""

_base_ = [
    '../_base_/captioning/nic.py',
    '../_base_/captioning/coco2014.py',
]

paper = [
    dict(table='A1', row='CutMix', metric='caption/bleu1', value=64.2),
    dict(table='A1', row='CutMix', metric='caption/bleu2', value=46.3),
    dict(table='A1', row='CutMix', metric='caption/bleu3', value=33.6),
    dict(table='A1', row='CutMix', metric='caption/bleu4', value=24.9),
    dict(table='A1', row='CutMix', metric='caption/meteor', value=23.1),
    dict(table='A1', row='CutMix', metric='caption/rouge_l', value=49.0),
    dict(table='A1', row='CutMix', metric='caption/cider', value=77.6),
]

default_hooks = dict(backbone=dict(checkpoint='work_dirs/cutmix/resnet50_cutmix_300e/backbone_last.safetensors'))
