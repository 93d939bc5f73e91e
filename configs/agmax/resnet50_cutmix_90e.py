"""AgMax on ResNet-50 with CutMix, ImageNet-1k, 90 epochs.

Paper:     Atienza, WACV 2022, Tables 1, 2 and 8, CutMix with AgMax: 77.4 top-1, 93.9 top-5 (76.3 and 93.2 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet50_cutmix_90e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.init_std=0.2 (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/resnet50_cutmix_90e.py'

paper = [
    dict(table=1, row='CutMix', column='AgMax', metric='accuracy/top1', value=77.4),
    dict(table=2, row='CutMix with AgMax', column='ResNet-50, 90 epochs', metric='accuracy/top1', value=77.4),
    dict(table=2, row='CutMix with AgMax', column='ResNet-50, 90 epochs', metric='accuracy/top5', value=93.9),
    dict(table=8, row='CutMix', column='MI', metric='accuracy/top1', value=77.4),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
