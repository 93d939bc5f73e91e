"""AgMax for localisation by ResNet-50 with CutOut, CUB-200-2011, 600 epochs.

Paper:   neither paper has this row.
Ours:    not run.
Run:     python tools/train.py configs/localization/resnet50_cutout_600e_cub_agmax.py
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './resnet50_cutout_600e_cub.py'

paper = []

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
