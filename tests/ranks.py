"""Gloo processes for tests: imported once, forked as often as needed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

# Imports of the host take seconds. They happen once, in the server that the ranks are forked from.
multiprocessing.get_context('forkserver').set_forkserver_preload(['agmax_mm.models', 'agmax_mm.batch_augments'])


def run_ranks(worker: Callable[..., Any], world_size: int, folder: Path, *args: Any) -> list[Any]:
    """Run ``worker(rank, *args)`` in a group of processes, one thread each.

    Args:
        worker: A function at the top level of its module; what it returns must be what ``torch.load`` takes safely.
        world_size: Number of processes.
        folder: An empty folder for the rendezvous and the results.
        *args: Passed on.

    Returns:
        What each rank returned.
    """
    mp.start_processes(_run, args=(worker, world_size, str(folder), args), nprocs=world_size, start_method='forkserver')
    return [torch.load(folder / f'{rank}.pt') for rank in range(world_size)]


def _run(rank: int, worker: Callable[..., Any], world_size: int, folder: str, args: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=world_size)
    torch.save(worker(rank, *args), f'{folder}/{rank}.pt')
    dist.destroy_process_group()
