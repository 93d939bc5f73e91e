"""NIC on a frozen ResNet-50 pre-trained as the baseline, COCO captions of 2014, 100 epochs.

Paper:     Yun et al., ICCV 2019, Table A1, Baseline: BLEU1 61.4, BLEU2 43.8, BLEU3 31.4, BLEU4 22.9, METEOR 22.8, ROUGE
           44.7, CIDEr 71.2. Table 10 prints BLEU1 and BLEU4.
Decided:   Training on train2014 and evaluation on val2014, as the code that the paper builds on has it: the paper names
           120,000 and 40,000 images, and the captions of its test images are not public. Unlike that code, the test
           looks at the middle of the images, the frozen backbone keeps its statistics, the loss is a mean over words,
           beams stop at the end of a sentence, and punctuation is left out: each by name in docs/captioning.md. The
           ROUGE of 44.7 looks like a slip of the pen: all others are between 47.9 and 49.0.
Ours:      not run.
Run:       python tools/train.py configs/captioning/nic_r50-baseline_100e_coco.py --data data/coco
Reference: --cfg-options model.legacy=True (as in that code's runs)
Made by:   tools/make_recipes.py
"""

_base_ = [
    '../_base_/captioning/nic.py',
    '../_base_/captioning/coco2014.py',
]

paper = [
    dict(table='A1', row='Baseline', metric='caption/bleu1', value=61.4),
    dict(table='A1', row='Baseline', metric='caption/bleu2', value=43.8),
    dict(table='A1', row='Baseline', metric='caption/bleu3', value=31.4),
    dict(table='A1', row='Baseline', metric='caption/bleu4', value=22.9),
    dict(table='A1', row='Baseline', metric='caption/meteor', value=22.8),
    dict(table='A1', row='Baseline', metric='caption/rouge_l', value=44.7),
    dict(table='A1', row='Baseline', metric='caption/cider', value=71.2),
]

default_hooks = dict(backbone=dict(checkpoint='work_dirs/cutmix/resnet50_baseline_300e/backbone_last.safetensors'))
