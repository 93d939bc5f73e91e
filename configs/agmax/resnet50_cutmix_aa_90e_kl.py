"""AgMax by Kullback-Leibler divergence on ResNet-50 with CutMix and AutoAugment, ImageNet-1k, 90 epochs.

Paper:     Atienza, WACV 2022, Table 8, CutMix+AA with AgMax by KL: 74.5 top-1 (77.0 with mutual information, 75.5
           without).
Ours:      not run.
Run:       tools/dist_train.sh configs/agmax/resnet50_cutmix_aa_90e_kl.py 8
Control:   --cfg-options model.agreement=none (two views, no agreement)
Reference: --cfg-options model.init_std=0.2 model.backbone.zero_init_residual=False (as in the authors' code)
Made by:   tools/make_recipes.py
"""

_base_ = './resnet50_cutmix_aa_90e.py'

paper = [dict(table=8, row='CutMix+AA', column='KL', metric='accuracy/top1', value=74.5)]

model = dict(agreement=dict(_delete_=True, type='agmax_mm.KLAgreement', loss_weight=1.0))
