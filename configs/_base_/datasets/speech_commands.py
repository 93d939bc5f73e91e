# Speech Commands as the AgMax authors' code has it: spectrograms of 32 mel bands and 32 frames, in decibels.
# Recordings are read by the loader. The views part on the device, where whole batches are changed at once.
data_preprocessor = dict(
    type='agmax_mm.SpeechDataPreprocessor',
    # Decibels as they are, -80 to 0.
    mean=[0.0],
    std=[1.0],
    train_steps=[
        dict(type='agmax_mm.ChangeAmplitude', low=0.7, high=1.1, prob=0.5),
        dict(type='agmax_mm.ChangeSpeedAndPitch', max_change=0.2, prob=0.5),
        dict(type='agmax_mm.FixLength', num_samples=16000),
        dict(type='agmax_mm.ShortTimeFourier', n_fft=2048, hop_length=512),
        dict(type='agmax_mm.Stretch', max_change=0.2, prob=0.5),
        dict(type='agmax_mm.TimeShift', max_frames=8, prob=0.5),
        dict(type='agmax_mm.FixFrames', num_frames=32),
        dict(type='agmax_mm.BackgroundNoise', sample_rate=16000, max_share=0.45, prob=0.5),
        dict(type='agmax_mm.MelPower', num_mels=32, sample_rate=16000),
        dict(type='agmax_mm.Decibels', top_db=80.0),
    ],
    test_steps=[
        dict(type='agmax_mm.FixLength', num_samples=16000),
        dict(type='agmax_mm.ShortTimeFourier', n_fft=2048, hop_length=512),
        dict(type='agmax_mm.MelPower', num_mels=32, sample_rate=16000),
        dict(type='agmax_mm.Decibels', top_db=80.0),
    ],
)

train_dataloader = dict(
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='agmax_mm.SpeechCommands',
        data_root='data/speech_commands',
        splits='train',
        silence=0.05,
        pipeline=[
            # A second that is played 1.25 times as fast.
            dict(type='agmax_mm.LoadRecording', sample_rate=16000, num_samples=20000),
            dict(type='agmax_mm.TwoView', num_views=1, transforms=[]),
            dict(type='PackInputs', meta_keys=('img_path', 'split')),
        ],
    ),
)

# No silence: the authors count it as a class that is tested, too (silence=0.05).
val_dataloader = dict(
    batch_size=256,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.SpeechCommands',
        data_root='data/speech_commands',
        splits=['valid', 'test'],
        silence=0.0,
        pipeline=[
            dict(type='agmax_mm.LoadRecording', sample_rate=16000, num_samples=16000),
            dict(type='PackInputs', meta_keys=('img_path', 'split')),
        ],
    ),
)
val_evaluator = dict(type='agmax_mm.WordAccuracy')

test_dataloader = val_dataloader
test_evaluator = val_evaluator
