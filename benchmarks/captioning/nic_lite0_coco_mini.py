"""NIC on the features of a published EfficientNet-Lite0: 40 captions of 8 pictures of COCO, to be learnt by heart."""

_base_ = './nic_lite0_flickr.py'

model = dict(head=dict(vocabulary=dict(min_count=1), dropout=0.0))
train_dataloader = dict(
    dataset=dict(
        data_root='data/coco_mini', ann_file='annotations/captions_train2017.json', image_dir='train2017', indices=40
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root='data/coco_mini', ann_file='annotations/captions_train2017.json', image_dir='train2017', indices=8
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(comparisons=0)
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=200, val_interval=100)
