"""NIC on a frozen ResNet-50 pre-trained with Mixup, COCO captions of 2014, 100 epochs.

Paper:     Yun et al., ICCV 2019, Table A1, Mixup: BLEU1 61.6, BLEU2 44.1, BLEU3 31.6, BLEU4 23.2, METEOR 22.9, ROUGE
           47.9, CIDEr 72.2. Table 10 prints BLEU1 and BLEU4.
Decided:   Training on train2014 and evaluation on val2014, as the code that the paper builds on has it: the paper names
           120,000 and 40,000 images, and the captions of its test images are not public. Unlike that code, the test
           looks at the middle of the images, the frozen backbone keeps its statistics, the loss is a mean over words,
           beams stop at the end of a sentence, and punctuation is left out: each by name in docs/captioning.md.
Ours:      not run.
Run:       python tools/train.py configs/captioning/nic_r50-mixup_100e_coco.py --data data/coco
Reference: --cfg-options model.legacy=True (as in that code's runs)
Made by:   tools/make_recipes.py
"""

_base_ = [
    '../_base_/captioning/nic.py',
    '../_base_/captioning/coco2014.py',
]

paper = [
    dict(table='A1', row='Mixup', metric='caption/bleu1', value=61.6),
    dict(table='A1', row='Mixup', metric='caption/bleu2', value=44.1),
    dict(table='A1', row='Mixup', metric='caption/bleu3', value=31.6),
    dict(table='A1', row='Mixup', metric='caption/bleu4', value=23.2),
    dict(table='A1', row='Mixup', metric='caption/meteor', value=22.9),
    dict(table='A1', row='Mixup', metric='caption/rouge_l', value=47.9),
    dict(table='A1', row='Mixup', metric='caption/cider', value=72.2),
]

default_hooks = dict(backbone=dict(checkpoint='work_dirs/cutmix/resnet50_mixup_300e/backbone_last.safetensors'))
