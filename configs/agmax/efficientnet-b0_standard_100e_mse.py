"""AgMax by mean squared error on EfficientNet-B0 with the standard augmentation, ImageNet-1k, 100 epochs.

Paper:     Atienza, WACV 2022, Table 9, Standard with AgMax by MSE: 75.7 top-1 (75.3 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/efficientnet-b0_standard_100e_mse.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.init_std=0.2 (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = '../baseline/efficientnet-b0_standard_100e.py'

paper = [dict(table=9, row='EfficientNet-B0', column='AgMax', metric='accuracy/top1', value=75.7)]

model = dict(agreement=dict(type='agmax_mm.MSEAgreement', loss_weight=1.0))
