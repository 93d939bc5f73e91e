"""AgMax on EfficientNet-B0 with CutMix and AutoAugment, ImageNet-1k, 100 epochs.

Paper:     Atienza, WACV 2022, Table 9, CutMix+AA with AgMax: 71.9 top-1 (71.7 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/efficientnet-b0_cutmix_aa_100e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.agreement.pair_head.hid_channels=2048 model.init_std=0.2 (as in
           the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/efficientnet-b0_cutmix_aa_100e.py'

paper = [dict(table=9, row='EfficientNet-B0', column='CutMix+AA+AgMax', metric='accuracy/top1', value=71.9)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
