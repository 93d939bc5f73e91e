"""AgMax by Kullback-Leibler divergence on ResNet-50 with MixUp, ImageNet-1k, 90 epochs.

Paper:     Atienza, WACV 2022, Table 8, MixUp with AgMax by KL: 77.7 top-1 (77.5 with mutual information, 76.5 without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet50_mixup_90e_kl.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.init_std=0.2 model.backbone.zero_init_residual=False (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './resnet50_mixup_90e.py'

paper = [dict(table=8, row='MixUp', column='KL', metric='accuracy/top1', value=77.7)]

model = dict(agreement=dict(_delete_=True, type='agmax_mm.KLAgreement', loss_weight=1.0))
