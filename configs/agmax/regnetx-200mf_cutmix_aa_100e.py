"""AgMax on RegNetX-200MF with CutMix and AutoAugment, ImageNet-1k, 100 epochs.

Paper:     Atienza, WACV 2022, Table 9, CutMix+AA with AgMax: 65.5 top-1 (63.5 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/regnetx-200mf_cutmix_aa_100e.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.agreement=mi_qnet model.agreement.pair_head.hid_channels=2048 model.init_std=0.2 (as in
           the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/regnetx-200mf_cutmix_aa_100e.py'

paper = [dict(table=9, row='RegNetX-200MF', column='CutMix+AA+AgMax', metric='accuracy/top1', value=65.5)]

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
