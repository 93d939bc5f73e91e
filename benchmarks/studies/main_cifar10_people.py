"""Do AgMax's backbones find people better, in photographs of everyday scenes?

The runs of main_cifar10.py with CutMix and AutoAugment, each fine-tuned on 60 photographs of COCO and tested on 20
others, 160 pixels a side: Mask R-CNN (main_cifar10_mask_detector.py) for 200 steps of 4 photographs, with the stem, the
first stage and all batch statistics frozen, and whole. Of COCO's 80 classes people alone are common enough. The data
are 80 photographs of COCO's train2017 and their objects in data/coco_mini; of its one annotation file

    agmax-mm split instances_train2017.json people_train.json people_val.json --share 0.25 --classes person

makes two, in data/coco_mini/annotations. The ids of the photographs:

790 30752 37666 54718 63217 69468 70133 72258 78499 84284 84533 89232 100667 107438 113488 114174 116270 121647 125870
129648 133030 145311 157206 159269 161846 163497 172123 174375 174632 177977 183872 187334 194322 196393 211325 211891
212679 213148 214704 215657 216794 227000 231460 232357 234748 249346 252639 256353 281789 284218 322517 330993 332078
353072 358083 370162 373381 379349 408805 409194 418049 419474 420862 432430 433998 442450 463557 466137 466547 484641
488571 489520 493652 516008 525891 535506 538113 539216 544238 551757
"""

_base_ = 'main_cifar10_levels.py'

base = 'main_cifar10_base.py'
grid = dict(
    augmentation=dict(cutmix_aa=_base_._augmentations['cutmix_aa']),
    agreement={name: _base_._agreements[name] for name in ('baseline', 'twice', 'two_views', 'mi', 'mi_qnet')},
)
seeds = [0, 1, 2]

_people = dict(
    task='coco',
    config='main_cifar10_mask_detector.py',
    data_root='data/coco_mini',
    annotations=['annotations/people_train.json', 'annotations/people_val.json'],
    image_size=160,
    iters=200,
    batch_size=4,
    options={'train_cfg.val_interval': 200},
    metrics=['coco/bbox_mAP', 'coco/segm_mAP'],
)
transfers = dict(frozen=dict(_people, finetune='frozen'), full=dict(_people, finetune='full'))
