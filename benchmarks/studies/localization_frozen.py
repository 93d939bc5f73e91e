"""How well do the maps of a frozen network find birds?

EfficientNet-Lite0 as published for ImageNet; a linear layer alone learns five classes of CUB-200-2011, without boxes.
The map has 7 x 7 places at 224 px, and 14 x 14 with a larger picture or with a dilated last stage. A study at reduced
scale.
"""

_base_ = './localization_birds.py'

base = '../../configs/localization/efficientnet-lite0_baseline_2e_cub.py'
options = {
    '_delete_': True,
    'model.backbone.frozen': True,
    'optim_wrapper.optimizer.lr': 0.002,
}


def _sized(side, stride):
    return {
        'model.backbone.output_stride': stride,
        'train_dataloader.dataset.pipeline.Resize.scale': (side * 8 // 7, side * 8 // 7),
        'train_dataloader.dataset.pipeline.RandomCrop.crop_size': side,
        'val_dataloader.dataset.pipeline.Resize.scale': (side * 8 // 7, side * 8 // 7),
        'val_dataloader.dataset.pipeline.CenterCrop.crop_size': side,
    }


arms = dict(_delete_=True, map_7=_sized(224, 32), map_14_larger=_sized(448, 32), map_14_dilated=_sized(224, 16))
references = dict(_delete_=True, map_14_larger='map_7', map_14_dilated='map_7')
del _sized
