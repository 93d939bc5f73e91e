"""The head of a captioner: an LSTM that writes a sentence, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from agmax_mm.captioning.beam import Sentences, State, beam_search
from agmax_mm.captioning.legacy import legacy_names
from agmax_mm.captioning.vocabulary import END, PAD, START, UNKNOWN, Vocabulary, build_vocabulary
from agmax_mm.functional.distributed import all_reduce_sum
from agmax_mm.host import global_group
from agmax_mm.registry import MODELS

# Of the layer from the picture to the first input of the LSTM.
_PICTURE_STD = 0.02
_PICTURE_MOMENTUM = 0.01
_WORD_RANGE = 0.1


@MODELS.register_module()
class NICHead(BaseModule):
    """Neural Image Caption: the picture is the first input of an LSTM, the words of its caption are the next ones.

    O. Vinyals et al., Show and Tell: A Neural Image Caption Generator, CVPR 2015. The defaults are those of the code
    that the CutMix paper's captioning builds on, stevehuanghe/image_captioning.

    Args:
        in_channels: Width C of the picture's features.
        vocabulary: The words, see :func:`agmax_mm.captioning.vocabulary.build_vocabulary`.
        embed_channels: Width of the inputs of the LSTM.
        hid_channels: Width of the LSTM, which has one layer.
        dropout: Share of the outputs of the LSTM that are dropped in training, in ``0..1``.
        beam_width: Beginnings of a sentence that the search for a caption keeps, at least 1.
        max_length: Words of a caption at most, with its end.
        legacy: True or names of :data:`agmax_mm.captioning.legacy.LEGACY`.
        init_cfg: Initialisation, as in the host; by default that of the code named above.

    Raises:
        ValueError: If a number is out of range, or there is no vocabulary. When weights are loaded, if they are of
            another vocabulary.
    """

    # SHA-256 of the vocabulary, so that weights are not used with other words.
    vocabulary_digest: Tensor

    def __init__(
        self,
        in_channels: int,
        vocabulary: Vocabulary | dict[str, Any],
        *,
        embed_channels: int = 100,
        hid_channels: int = 300,
        dropout: float = 0.1,
        beam_width: int = 20,
        max_length: int = 20,
        legacy: bool | Sequence[str] = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        for name, value in (('beam_width', beam_width), ('max_length', max_length)):
            if value < 1:
                raise ValueError(f'NICHead.{name}: expected at least 1, got {value}')
        self.vocabulary = build_vocabulary(vocabulary)
        self.legacy = legacy_names(legacy)
        self.beam_width = beam_width
        self.max_length = max_length
        self.picture = nn.Linear(in_channels, embed_channels)
        self.norm = nn.BatchNorm1d(embed_channels, momentum=_PICTURE_MOMENTUM)
        self.words = nn.Embedding(len(self.vocabulary), embed_channels)
        self.lstm = nn.LSTM(embed_channels, hid_channels)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hid_channels, len(self.vocabulary))
        self.register_buffer('vocabulary_digest', torch.tensor(list(self.vocabulary.digest()), dtype=torch.uint8))
        nn.init.normal_(self.picture.weight, 0.0, _PICTURE_STD)
        nn.init.zeros_(self.picture.bias)
        nn.init.uniform_(self.words.weight, -_WORD_RANGE, _WORD_RANGE)
        nn.init.uniform_(self.output.weight, -_WORD_RANGE, _WORD_RANGE)
        nn.init.zeros_(self.output.bias)

    def forward(self, features: Tensor, words: Tensor) -> Tensor:
        """Scores of each next word.

        Args:
            features: Shape ``(N, C)``.
            words: Numbers of the first words, shape ``(N, L)``.

        Returns:
            Logits after each of the words, shape ``(N, L, V)``.
        """
        inputs = torch.cat([self._first(features), self.words(words.T)])
        hidden, _ = self.lstm(inputs)
        logits: Tensor = self.output(self.dropout(hidden[1:])).transpose(0, 1)
        return logits

    def loss(self, features: Tensor, captions: Sequence[str]) -> dict[str, Tensor]:
        """Cross-entropy of the words of captions and of their ends.

        It is the mean over all of them in the step, in all processes, whatever captions they are in: padding counts for
        nothing.

        Args:
            features: Shape ``(N, C)``.
            captions: N sentences.

        Raises:
            ValueError: If there is one caption, of which batch normalisation has no statistics.
        """
        if self.training and len(captions) < 2:
            raise ValueError(
                'train_dataloader: expected at least 2 captions in each step, got 1; set '
                'train_dataloader.drop_last=True or another batch'
            )
        numbers = [torch.tensor([START, *self.vocabulary.encode(caption), END]) for caption in captions]
        padded = pad_sequence(numbers, batch_first=True, padding_value=PAD).to(features.device)
        logits, targets = self(features, padded[:, :-1]), padded[:, 1:]
        # Mixed precision computes this in float32 by itself.
        total = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PAD, reduction='sum')
        if 'padded_mean' in self.legacy:
            return {'loss': total / targets.numel()}
        group = global_group()
        counted = all_reduce_sum((targets != PAD).sum(), group)
        # The gradients of the processes are averaged.
        processes = 1 if group is None else group.size()
        return {'loss': total * processes / counted}

    @torch.no_grad()
    def predict(self, features: Tensor) -> Sentences:
        """The best sentence that the search finds for each picture.

        Args:
            features: Shape ``(N, C)``.
        """
        _, state = self.lstm(self._first(features))
        return beam_search(
            self._step,
            state,
            start=START,
            end=END,
            pad=PAD,
            width=self.beam_width,
            max_length=self.max_length,
            past_end='past_end' in self.legacy,
        )

    def _first(self, features: Tensor) -> Tensor:
        """The picture as the first input of the LSTM, shape ``(1, N, embed_channels)``."""
        first: Tensor = self.norm(self.picture(features))[None]
        return first

    def _step(self, last: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = self.lstm(self.words(last)[None], state)
        scores = F.log_softmax(self.output(hidden[0]), dim=-1)
        if 'special_words' not in self.legacy:
            scores[:, [PAD, START, UNKNOWN]] = -torch.inf
        return scores, state

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        digest = state_dict.get(f'{prefix}vocabulary_digest')
        if digest is not None and not torch.equal(digest.cpu(), self.vocabulary_digest.cpu()):
            raise ValueError(
                f'checkpoint: expected weights of the vocabulary of model.head.vocabulary, which has '
                f'{len(self.vocabulary)} words, got weights of another; set model.head.vocabulary.file to the '
                'vocabulary.json in the folder of their run'
            )
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
