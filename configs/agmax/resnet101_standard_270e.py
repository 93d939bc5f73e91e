"""AgMax on ResNet-101 with the standard augmentation, ImageNet-1k, 270 epochs.

Paper:     Atienza, WACV 2022, Table 9, Standard with AgMax: 79.2 top-1 (78.1 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet101_standard_270e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.init_std=0.2 (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/resnet101_standard_270e.py'

paper = [dict(table=9, row='ResNet-101', column='AgMax', metric='accuracy/top1', value=79.2)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
