"""LeNet5 on ten spoken words by four speakers: the setup of the studies of speech.

Data:     spoken digits, 1,000 recordings of two speakers to train with, 500 of a third one for validation and 500 of a
          fourth one for the test, at 8 kHz, as they were recorded. No silence, and there is no noise.
Network:  LeNet5 on 32 mel bands and 32 frames; windows have half as many samples as at 16 kHz, and last as long.
Schedule: the paper's, 30 epochs of Adam, the learning rate divided by 10 after 10 and 20; 128 recordings a step.
"""

_base_ = [
    '../../configs/_base_/models/lenet5.py',
    '../../configs/_base_/datasets/speech_commands.py',
    '../../configs/_base_/schedules/speech_lenet5_30e.py',
    '../../configs/_base_/speech_runtime.py',
]

model = dict(head=dict(num_classes=10))

data_preprocessor = dict(
    train_steps=[
        dict(type='agmax_mm.ChangeAmplitude', low=0.7, high=1.1, prob=0.5),
        dict(type='agmax_mm.ChangeSpeedAndPitch', max_change=0.2, prob=0.5),
        dict(type='agmax_mm.FixLength', num_samples=8000),
        dict(type='agmax_mm.ShortTimeFourier', n_fft=1024, hop_length=256),
        dict(type='agmax_mm.Stretch', max_change=0.2, prob=0.5),
        dict(type='agmax_mm.TimeShift', max_frames=8, prob=0.5),
        dict(type='agmax_mm.FixFrames', num_frames=32),
        dict(type='agmax_mm.MelPower', num_mels=32, sample_rate=8000),
        dict(type='agmax_mm.Decibels', top_db=80.0),
    ],
    test_steps=[
        dict(type='agmax_mm.FixLength', num_samples=8000),
        dict(type='agmax_mm.ShortTimeFourier', n_fft=1024, hop_length=256),
        dict(type='agmax_mm.MelPower', num_mels=32, sample_rate=8000),
        dict(type='agmax_mm.Decibels', top_db=80.0),
    ],
)

train_dataloader = dict(
    num_workers=0,
    dataset=dict(
        silence=None,
        in_memory=True,
        pipeline=[
            dict(type='agmax_mm.LoadRecording', sample_rate=8000, num_samples=10000),
            dict(type='agmax_mm.TwoView', num_views=1, transforms=[]),
            dict(type='PackInputs', meta_keys=('img_path', 'split')),
        ],
    ),
)
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        silence=None,
        in_memory=True,
        pipeline=[
            dict(type='agmax_mm.LoadRecording', sample_rate=8000, num_samples=8000),
            dict(type='PackInputs', meta_keys=('img_path', 'split')),
        ],
    ),
)
test_dataloader = val_dataloader

# Both unseen speakers are listened to once, at the end.
train_cfg = dict(val_interval=30)
default_hooks = dict(checkpoint=dict(interval=15, max_keep_ckpts=1, save_best=None))
