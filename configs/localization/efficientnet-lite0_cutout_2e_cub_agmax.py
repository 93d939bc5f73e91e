"""AgMax for localisation by EfficientNet-Lite0 with CutOut, five classes of CUB-200-2011, 2 epochs.

Paper:   none; a small version of Yun et al., ICCV 2019, Table 9, with AgMax.
Ours:    benchmarks/studies/localization_birds.md.
Run:     python tools/train.py configs/localization/efficientnet-lite0_cutout_2e_cub_agmax.py
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './efficientnet-lite0_cutout_2e_cub.py'

paper = []

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
