"""Does AgMax, or CutMix, make a network look at the whole object?

Fine-tuning without boxes, with CutMix in half of the batches, with AgMax (two views and mutual information), and with
both; EfficientNet-Lite0 on ten classes of Tiny ImageNet, 20 training images of each and 500 validation images, for one
epoch of 20 steps at 96 px. The floors are in the second table: one box in the centre, its size chosen on the training
images, and the whole image. A study at reduced scale, and no statement about the paper's recipes.
"""

_base_ = './localization_birds.py'

options = {'_delete_': True, 'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1, 'param_scheduler.T_max': 1}
base = '../../configs/localization/efficientnet-lite0_baseline_2e_tinyimagenet.py'
