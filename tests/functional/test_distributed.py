"""Two processes with half of the batch each must equal one process with all of it, in value and gradient."""

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from agmax_mm import functional as AF
from agmax_mm.functional import joint
from tests.ranks import run_ranks

IMAGES, CLASSES, FEATURES = 6, 5, 4
SHARES = [slice(0, 2), slice(2, 6)]  # unequal on purpose


class _Net(nn.Module):
    """Two views in, one loss out."""

    def __init__(self, kind: str, group: dist.ProcessGroup | None = None) -> None:
        super().__init__()
        self.kind, self.group = kind, group
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(FEATURES, CLASSES, generator=generator, dtype=torch.float64))
        self.pair = nn.Parameter(torch.randn(2 * CLASSES, CLASSES, generator=generator, dtype=torch.float64))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        a, b = a @ self.weight, b @ self.weight
        if self.kind == 'mi':
            return AF.mutual_information(a, b, group=self.group)
        return AF.pair_entropy(a, b, torch.cat([a, b], dim=1) @ self.pair, group=self.group)


def _views() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [2 * torch.randn(IMAGES, FEATURES, generator=generator, dtype=torch.float64) for _ in range(2)]


def _worker(rank: int, kind: str, rows: int) -> list[torch.Tensor | None]:
    joint.BLOCK_ROWS = rows
    net = DistributedDataParallel(_Net(kind, dist.group.WORLD), find_unused_parameters=kind == 'mi')
    value = net(*(view[SHARES[rank]] for view in _views()))
    value.backward()
    return [value.detach(), net.module.weight.grad, net.module.pair.grad]


# Three blocks, which are summed one behind the other, or one whole matrix.
@pytest.mark.parametrize(('kind', 'rows'), [('mi', 2), ('mi', CLASSES), ('mi_qnet', CLASSES)])
def test_two_processes_equal_one(kind, rows, tmp_path):
    ranks = run_ranks(_worker, 2, tmp_path, kind, rows)
    net = _Net(kind)
    value = net(*_views())
    value.backward()
    for got, weight_grad, pair_grad in ranks:
        torch.testing.assert_close(got, value.detach(), rtol=1e-10, atol=0)
        torch.testing.assert_close(weight_grad, net.weight.grad, rtol=1e-10, atol=1e-14)
        if kind == 'mi_qnet':
            torch.testing.assert_close(pair_grad, net.pair.grad, rtol=1e-10, atol=1e-14)
    # The shares alone say something else: the equality above is not by chance.
    half = _Net(kind)(*(view[SHARES[0]] for view in _views()))
    assert abs(half.item() - value.item()) > 1e-3


def _collectives_worker(rank: int, kind: str, rows: int) -> tuple[torch.Tensor, list[int], bool]:
    """Only the first rank takes a gradient. Counts the collectives of the forward and of the backward pass."""
    joint.BLOCK_ROWS = rows
    counts, all_reduce = [0, 0], dist.all_reduce

    def counted(*args, **kwargs):
        counts[-1] += 1
        return all_reduce(*args, **kwargs)

    dist.all_reduce = counted
    net = _Net(kind, dist.group.WORLD)
    counts.pop()
    with torch.set_grad_enabled(rank == 0):
        value = net(*(view[SHARES[rank]] for view in _views()))
    counts.append(0)
    if rank == 0:
        value.backward()
    return value.detach(), counts, net.weight.grad is not None


@pytest.mark.parametrize(('kind', 'rows', 'forward'), [('mi', 2, 4), ('mi', CLASSES, 1), ('mi_qnet', CLASSES, 1)])
def test_the_backward_pass_waits_for_no_other_rank(kind, rows, forward, tmp_path):
    first, second = run_ranks(_collectives_worker, 2, tmp_path, kind, rows)
    torch.testing.assert_close(first[0], second[0], rtol=0, atol=0)
    torch.testing.assert_close(first[0], _Net(kind)(*_views()).detach(), rtol=1e-10, atol=0)
    assert first[1:] == ([forward, 0], True)
    assert second[1:] == ([forward, 0], False)
