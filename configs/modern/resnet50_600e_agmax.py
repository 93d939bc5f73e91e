"""AgMax on ResNet-50 by a modern recipe, ImageNet-1k, 600 epochs.

Paper:   neither has this recipe.
Ours:    not run; in small: benchmarks/studies/main_cifar10_modern.py.
Run:     tools/dist_train.sh configs/modern/resnet50_600e_agmax.py 8
Control: --cfg-options model.agreement=none (two views, no agreement)
Made by: tools/make_recipes.py
"""

_base_ = './resnet50_600e.py'

paper = []

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
