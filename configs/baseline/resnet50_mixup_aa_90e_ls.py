"""ResNet-50 with MixUp, AutoAugment and label smoothing of 0.1, ImageNet-1k, 90 epochs.

Paper:   Atienza, WACV 2022, Table 1, MixUp+AA with label smoothing: 76.5 top-1 (75.9 without). It does not say how much
         the labels are smoothed: 0.1 is assumed.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_mixup_aa_90e_ls.py 8
Made by: tools/make_recipes.py
"""

_base_ = './resnet50_mixup_aa_90e.py'

paper = [dict(table=1, row='MixUp+AA', column='Label smoothing', metric='accuracy/top1', value=76.5)]

model = dict(head=dict(loss=dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1)))
