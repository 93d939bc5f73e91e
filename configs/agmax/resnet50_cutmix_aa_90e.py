"""AgMax on ResNet-50 with CutMix and AutoAugment, ImageNet-1k, 90 epochs.

Paper:     Atienza, WACV 2022, Tables 1, 2 and 8, CutMix+AA with AgMax: 77.0 top-1, 93.5 top-5 (75.5 and 92.7 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet50_cutmix_aa_90e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.init_std=0.2 (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/resnet50_cutmix_aa_90e.py'

paper = [
    dict(table=1, row='CutMix+AA', column='AgMax', metric='accuracy/top1', value=77.0),
    dict(table=2, row='CutMix+AA with AgMax', column='ResNet-50, 90 epochs', metric='accuracy/top1', value=77.0),
    dict(table=2, row='CutMix+AA with AgMax', column='ResNet-50, 90 epochs', metric='accuracy/top5', value=93.5),
    dict(table=8, row='CutMix+AA', column='MI', metric='accuracy/top1', value=77.0),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
