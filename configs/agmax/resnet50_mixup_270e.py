"""AgMax on ResNet-50 with MixUp, ImageNet-1k, 270 epochs.

Paper:     Atienza, WACV 2022, Table 2, MixUp with AgMax: 78.4 top-1, 94.1 top-5 (78.2 and 93.9 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet50_mixup_270e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.agreement.pair_head.hid_channels=2048 model.init_std=0.2 (as in
           the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/resnet50_mixup_270e.py'

paper = [
    dict(table=2, row='MixUp with AgMax', column='ResNet-50, 270 epochs', metric='accuracy/top1', value=78.4),
    dict(table=2, row='MixUp with AgMax', column='ResNet-50, 270 epochs', metric='accuracy/top5', value=94.1),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
