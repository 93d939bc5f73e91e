"""AgMax on ResNet-50 with CutOut and AutoAugment, ImageNet-1k, 270 epochs.

Paper:     Atienza, WACV 2022, Table 2, CutOut+AA with AgMax: 78.2 top-1, 94.0 top-5 (77.9 and 93.7 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet50_cutout_aa_270e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.agreement.pair_head.hid_channels=2048 model.init_std=0.2 (as in
           the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/resnet50_cutout_aa_270e.py'

paper = [
    dict(table=2, row='CutOut+AA with AgMax', column='ResNet-50, 270 epochs', metric='accuracy/top1', value=78.2),
    dict(table=2, row='CutOut+AA with AgMax', column='ResNet-50, 270 epochs', metric='accuracy/top5', value=94.0),
]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
