"""Does AgMax, or CutMix, make a network look at the whole bird?

Fine-tuning without boxes, with CutMix in half of the batches, with AgMax (two views and mutual information), and with
both; EfficientNet-Lite0 with a dilated last stage on five classes of CUB-200-2011, 150 training and 130 test
photographs, for four epochs of 15 steps at 224 px, which give a map of 14 x 14.
The floors are in the second table: one box in the centre, its size chosen on the training images, and the whole image.
A study at reduced scale, and no statement about the paper's recipes.
"""

_cutmix = {
    'data_preprocessor.batch_augments': dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]),
}
_agmax = {'model.agreement': 'mi'}

base = '../../configs/localization/efficientnet-lite0_baseline_2e_cub.py'
options = {
    'train_cfg.max_epochs': 4,
    'train_cfg.val_interval': 4,
    'param_scheduler.T_max': 4,
    'train_dataloader.dataset.pipeline.Resize.scale': (256, 256),
    'train_dataloader.dataset.pipeline.RandomCrop.crop_size': 224,
    'val_dataloader.dataset.pipeline.Resize.scale': (256, 256),
    'val_dataloader.dataset.pipeline.CenterCrop.crop_size': 224,
}
arms = dict(baseline={}, cutmix=_cutmix, agmax=_agmax, cutmix_agmax={**_cutmix, **_agmax})
references = dict(cutmix='baseline', agmax='baseline', cutmix_agmax='cutmix')
seeds = [0, 1, 2]
metrics = [
    'localization/gt_known',
    'localization/top1',
    'accuracy/top1',
    'localization/max_box_acc',
    'localization/max_box_acc_v2',
    'localization/centre_gt_known',
    'localization/centre_top1',
    'localization/centre_v2',
    'localization/whole_gt_known',
    'localization/whole_top1',
    'localization/whole_v2',
]
