"""AgMax for localisation by VGG-GAP with CutOut, ImageNet-1k, 20 epochs.

Paper:   neither paper has this row.
Ours:    not run.
Run:     tools/dist_train.sh configs/localization/vgg16-gap_cutout_20e_agmax.py 4
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './vgg16-gap_cutout_20e.py'

paper = []

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
