"""ResNet-50 with CutOut, AutoAugment and label smoothing of 0.1, ImageNet-1k, 90 epochs.

Paper:   Atienza, WACV 2022, Table 1, CutOut+AA with label smoothing: 75.7 top-1 (75.7 without). It does not say how
         much the labels are smoothed: 0.1 is assumed.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_cutout_aa_90e_ls.py 8
Made by: tools/make_recipes.py
"""

_base_ = './resnet50_cutout_aa_90e.py'

paper = [dict(table=1, row='CutOut+AA', column='Label smoothing', metric='accuracy/top1', value=75.7)]

model = dict(head=dict(loss=dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1)))
