"""The captioner and its head: the loss by hand, what padding and the batch change, what is frozen, legacy switches."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import nn

from agmax_mm.captioning.captioner import Captioner
from agmax_mm.captioning.legacy import LEGACY, legacy_names
from agmax_mm.captioning.nic_head import NICHead
from agmax_mm.captioning.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from agmax_mm.host import global_group
from tests.ranks import run_ranks

WORDS = Vocabulary(['a', 'dog', 'cat', 'runs', 'big'])
CAPTIONS = ['a dog runs', 'cat', 'a big big dog runs', 'a unicorn']


def head(seed=0, **options):
    torch.manual_seed(seed)
    return NICHead(6, WORDS, embed_channels=5, hid_channels=7, dropout=0.0, **options).double()


def features(number=4, seed=1):
    return torch.randn(number, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def literal_loss(model, inputs, captions):
    """Word by word and caption by caption: the sum of the losses, and the number of words with ends."""
    first = model.norm(model.picture(inputs))
    total, count = 0.0, 0
    for row, caption in zip(first, captions, strict=True):
        _, state = model.lstm(row[None, None])
        last = START
        for word in [*WORDS.encode(caption), END]:
            hidden, state = model.lstm(model.words.weight[last][None, None], state)
            scores = model.output(hidden[0, 0])
            total = total + torch.logsumexp(scores, 0) - scores[word]
            count, last = count + 1, word
    return total, count


def test_loss_is_the_mean_over_all_words_and_ends():
    model, inputs = head(), features()
    total, count = literal_loss(model, inputs, CAPTIONS)
    assert count == 4 + 2 + 6 + 3
    loss = model.loss(inputs, CAPTIONS)['loss']
    torch.testing.assert_close(loss, total / count, rtol=1e-6, atol=0)
    # The sum of the gradients of each word, too.
    wanted = torch.autograd.grad(total / count, list(model.parameters()), retain_graph=True)
    found = torch.autograd.grad(loss, list(model.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-9)


def test_padding_gets_no_gradient_and_gives_none():
    model, inputs = head(), features()
    model.eval()  # so that the pictures of a batch do not meet in the normalisation
    alone = model.loss(inputs[:1], CAPTIONS[:1])['loss']
    alone.backward()
    one = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    # The same caption beside a longer one: its part of the loss is as before, whatever the padding.
    both = model.loss(inputs[[0, 2]], [CAPTIONS[0], CAPTIONS[2]])['loss']
    other = model.loss(inputs[2:3], CAPTIONS[2:3])['loss']
    torch.testing.assert_close(both, (4 * alone + 6 * other) / 10)
    (both * 10 - other * 6).backward()
    for parameter, gradient in zip(model.parameters(), one, strict=True):
        torch.testing.assert_close(parameter.grad, 4 * gradient, rtol=1e-5, atol=1e-8)
    assert (model.words.weight.grad[PAD] == 0).all()
    with torch.no_grad():
        model.words.weight[PAD] = 1e3
    torch.testing.assert_close(model.loss(inputs[[0, 2]], [CAPTIONS[0], CAPTIONS[2]])['loss'], both)


def test_one_caption_is_refused_in_training():
    with pytest.raises(ValueError, match=r'expected at least 2 captions in each step, got 1; set .*drop_last=True'):
        head().loss(features(1), ['a dog'])


def _loss_of_rank(rank):
    model = head()
    parts = ([0, 1], [2, 3])
    if global_group() is None:
        rows = [*parts[0], *parts[1]]
    else:
        rows = parts[rank]
    model.eval()  # batch statistics are of each process, as in the host
    loss = model.loss(features()[rows], [CAPTIONS[row] for row in rows])['loss']
    loss.backward()
    return {'loss': loss.detach(), 'gradient': model.output.weight.grad}


def test_two_processes_have_the_loss_of_one(tmp_path):
    ranks = run_ranks(_loss_of_rank, 2, tmp_path)
    whole = _loss_of_rank(0)
    # Averaged, as DistributedDataParallel does; the captions of the ranks differ in length.
    torch.testing.assert_close(sum(rank['loss'] for rank in ranks) / 2, whole['loss'])
    torch.testing.assert_close(sum(rank['gradient'] for rank in ranks) / 2, whole['gradient'])


def test_prediction_goes_on_from_the_picture_as_the_loss_does():
    model, inputs = head(beam_width=30, max_length=3).eval(), features(3)
    found = model.predict(inputs)
    for row in range(3):
        caption = WORDS.decode(found.words[row].tolist())
        numbers = WORDS.encode(caption)
        scores = model(inputs[row : row + 1], torch.tensor([[START, *numbers]]))[0].log_softmax(-1)
        ends = END in found.words[row].tolist()
        words = [*numbers, END] if ends else numbers
        expected = sum(scores[place, word].item() for place, word in enumerate(words))
        assert found.log_probability[row].item() == pytest.approx(expected, rel=1e-5)


def test_special_words_are_never_written():
    model = head(beam_width=2).eval()
    with torch.no_grad():
        model.output.bias[[PAD, START, UNKNOWN]] = 50.0
    found = model.predict(features())
    assert not {START, UNKNOWN} & set(found.words.flatten().tolist())
    legacy = head(beam_width=2, legacy=['special_words']).eval()
    legacy.load_state_dict(model.state_dict())
    assert {PAD, START, UNKNOWN} >= set(legacy.predict(features()).words.flatten().tolist())


def test_legacy_loss_counts_padding():
    model = head(legacy=['padded_mean'])
    total, _ = literal_loss(model, features(), CAPTIONS)
    torch.testing.assert_close(model.loss(features(), CAPTIONS)['loss'], total / (4 * 6), rtol=1e-6, atol=0)


def test_initialisation_is_the_reference_codes():
    torch.manual_seed(0)
    model = NICHead(2048, {'words': [f'w{number}' for number in range(5000)]})
    assert model.picture.weight.shape == (100, 2048)
    assert model.picture.weight.std().item() == pytest.approx(0.02, rel=0.02)
    for weight in (model.words.weight, model.output.weight):
        assert weight.abs().max() <= 0.1
        assert weight.std().item() == pytest.approx(0.2 / math.sqrt(12), rel=0.02)
    assert model.output.bias.abs().max() == model.picture.bias.abs().max() == 0
    # 100 x 2048 + 100 and 2 x 100; words; LSTM: 4 x 300 x (100 + 300 + 2); output.
    expected = 204_900 + 200 + 5004 * 100 + 1200 * 402 + 5004 * 301
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_weights_of_another_vocabulary_are_refused():
    other = NICHead(6, Vocabulary(['a', 'cat', 'dog', 'runs', 'big']), embed_channels=5, hid_channels=7)
    with pytest.raises(ValueError, match='weights of another; set model.head.vocabulary.file to the vocabulary.json'):
        other.load_state_dict(head().state_dict())


@pytest.mark.parametrize('name', ['beam_width', 'max_length'])
def test_numbers_out_of_range(name):
    with pytest.raises(ValueError, match=f'NICHead.{name}: expected at least 1, got 0'):
        NICHead(6, WORDS, **{name: 0})


class Pictures(nn.Module):
    """A backbone with batch normalisation, and a map behind it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.norm = nn.BatchNorm2d(6)

    def forward(self, images):
        return (F.relu(self.norm(self.conv(images))).mean((2, 3)),)


def captioner(**options):
    torch.manual_seed(0)
    return Captioner(Pictures(), head=head().float(), **options)


def samples():
    return [DataSample(metainfo={}) for _ in CAPTIONS]


def batch():
    images = torch.randn(len(CAPTIONS), 3, 8, 8, generator=torch.Generator().manual_seed(2))
    data = samples()
    for sample, caption in zip(data, CAPTIONS, strict=True):
        sample.set_field(caption, 'gt_caption', dtype=str)
    return images, data


@pytest.mark.parametrize(
    ('options', 'moves', 'learns'),
    [
        ({}, False, False),
        ({'freeze_backbone': False}, True, True),
        ({'legacy': ['batch_statistics']}, True, False),
    ],
)
def test_a_frozen_backbone_stays_as_it_is(options, moves, learns):
    model = captioner(**options).train()
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    model(*batch(), mode='loss')['loss'].backward()
    after = model.backbone.state_dict()
    assert (not torch.equal(before['norm.running_mean'], after['norm.running_mean'])) == moves
    assert (model.backbone.conv.weight.grad is not None) == learns
    assert model.head.picture.weight.grad.abs().sum() > 0
    assert model.head.training


def test_features_take_the_place_of_pictures():
    model, (images, data) = captioner().eval(), batch()
    vectors = model(images)
    assert vectors.shape == (4, 6)
    torch.testing.assert_close(model(vectors, data, mode='loss'), model(images, data, mode='loss'))
    preprocessed = model.data_preprocessor({'inputs': vectors, 'data_samples': data})
    assert torch.equal(preprocessed['inputs'], vectors)
    found = model(images, data, mode='predict')
    again = model(vectors, samples(), mode='predict')
    assert [sample.pred_caption for sample in found] == [sample.pred_caption for sample in again]
    assert all(sample.pred_log_probability < 0 for sample in found)


def test_a_backbone_by_name_brings_its_width():
    model = Captioner(
        'timm/resnet18', head={'type': 'agmax_mm.NICHead', 'in_channels': 1, 'vocabulary': WORDS.as_config()}
    )
    assert model.head.picture.in_features == 512
    assert model.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 512)


def test_names_of_legacy_switches():
    assert legacy_names(True) == set(LEGACY)
    assert legacy_names(False) == set()
    assert legacy_names('past_end') == {'past_end'}
    with pytest.raises(ValueError, match="some of batch_statistics, .*, got 'past_ends'"):
        captioner(legacy=['past_ends'])
    assert captioner(legacy=True).legacy == set(LEGACY)
    built = Captioner(
        Pictures(),
        head={'type': 'agmax_mm.NICHead', 'in_channels': 6, 'vocabulary': WORDS.as_config()},
        legacy=['past_end'],
    )
    assert built.head.legacy == {'past_end'}
