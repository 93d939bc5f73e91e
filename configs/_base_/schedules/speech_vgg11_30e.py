# 30 epochs of Adam at 128 clips a step (assumed: neither paper nor code say), the learning rate
# divided by 10 after epoch 15 (the authors' code would have it after epochs 10 and 20).
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.003, weight_decay=1e-4))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[15], gamma=0.1)
total_batch_size = 128

train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
val_cfg = dict()
test_cfg = dict()
