"""Does AgMax help LeNet5 to understand a speaker whom it has never heard?

The augmentations of the AgMax paper's Table 3, each with one view, with one view for twice the epochs (the compute of
two views), with two views without agreement, and with agreement by mutual information (the paper's formula) and by the
authors' code. Each arm is compared with the baseline of its own augmentation. 1,000 recordings of ten words by two
speakers; the test is a third speaker's 500, and a fourth one's 500 are the validation. The setup is that of
speech_digits_base.py. It is a study on other and far fewer recordings than the paper's.
"""

_base_ = 'speech_digits_levels.py'

base = 'speech_digits_base.py'
grid = dict(
    augmentation=_base_._augmentations,
    # 'twice' is the baseline at the compute of two views: twice the epochs.
    agreement=dict(
        baseline={},
        twice={'train_cfg.max_epochs': 60, 'train_cfg.val_interval': 60, 'param_scheduler.milestones': [20, 40]},
        **_base_._two_views,
    ),
)
seeds = [0, 1, 2, 3, 4]
