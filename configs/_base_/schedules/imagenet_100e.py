# 100 epochs of SGD at 128 images a step: five epochs of warm-up, then a cosine, both step by step. The cosine is that
# of 100 epochs, of which 95 are left, so that training ends at 0.6 % of the highest learning rate, as with the authors'
# timm. Their baselines' rate changed by epoch and was 0 in the first; here both arms have the same schedule.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-5, nesterov=True),
)
param_scheduler = [
    # The host cannot start from 0 itself.
    dict(type='LinearLR', start_factor=1e-6, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=100, by_epoch=True, begin=5, end=100, convert_to_iter_based=True),
]
total_batch_size = 128
# Another total scales the learning rate.
auto_scale_lr = dict(enable=True, base_batch_size=128)

train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()
