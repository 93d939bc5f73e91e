# ImageNet-1k in its official folders with CLS-LOC boxes, by labels alone in training; images as for CUB-200-2011. The
# validation images lie in one folder, and val.txt has the label of each: "ILSVRC2012_val_00000001.JPEG 65".
_base_ = './cub_boxes.py'

train_dataloader = dict(
    dataset=dict(
        type='agmax_mm.ImageNetBoxes',
        data_root='data/ILSVRC',
        split='Data/CLS-LOC/train',
        classes_split='Data/CLS-LOC/train',
    )
)
_val = dict(
    type='agmax_mm.ImageNetBoxes',
    data_root='data/ILSVRC',
    split='Data/CLS-LOC/val',
    classes_split='Data/CLS-LOC/train',
    ann_file='val.txt',
)
val_dataloader = dict(batch_size=64, dataset=_val)
test_dataloader = val_dataloader
