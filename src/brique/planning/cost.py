"""The cost of a turn, and the number of turns that fit into a time budget.

Costs are estimated for a slow machine with two cores, so the same data and minutes give the same
plan everywhere. The speed measured before training can only shorten the plan.
"""

import time
from copy import deepcopy
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data, Split
from brique.inference import batch_size_for, eval_mode, net_inputs

EVALUATIONS = 20  # on valid, in each run
TRAINING_SHARE = 0.95  # share of the time budget for turns; the rest is for evaluations
_MEASURE_SECONDS = 2.5


def average_decay(turns: int) -> float:
    """Return the EMA decay whose averaging window is a fiftieth of the turns."""
    return round(1 - 1 / min(1000, max(10, turns / 50)), 4)


def shorten(settings: dict[str, Any], seconds_per_turn: float, minutes: float) -> dict[str, Any]:
    """Return the settings with at most as many turns as fit into the time at a measured speed."""
    max_turns = max(1, int(60 * minutes / seconds_per_turn))
    if settings["turns"] <= max_turns:
        return settings
    return settings | {"turns": max_turns, "average": average_decay(max_turns)}


def seconds_per_turn(
    module: ModuleType, settings: dict[str, Any], data: Data, device: torch.device
) -> float:
    """Return the measured seconds per turn on this machine, evaluations on valid included.

    module: the training file, with `Args`, `build`, `build_game` and `build_stream`.
    The global random state is restored.
    """
    args = module.Args(**settings)
    rng_state = torch.get_rng_state()
    net = module.build(args, data.schema).to(device)
    halves = data.halves() if settings.get("halves") else []
    half_nets = [[(deepcopy(net), half) for half in halves]] if halves else []
    game = module.build_game(args, net, data, *half_nets)
    times: list[float] = []
    last = started = time.perf_counter()
    for _ in game.play(module.build_stream(args, data)):
        times.append(time.perf_counter() - last)
        last = time.perf_counter()
        if last - started > _MEASURE_SECONDS and len(times) > 3:
            break
    evaluation_seconds = min(EVALUATIONS, args.turns) * _evaluation_seconds(net, data.valid)
    torch.set_rng_state(rng_state)
    typical = sorted(times[1:] or times)[len(times) // 4]  # robust to other processes
    return typical + evaluation_seconds / args.turns


def multiplications(net: nn.Module, shape: tuple[int, int, int]) -> int:
    """Return the multiplications in convolutions and linear layers for one picture (C, H, W)."""
    counts: list[int] = []

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        counts.append(output[0].numel() * weight[0].numel())

    layers = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    handles = [layer.register_forward_hook(count) for layer in layers]
    with eval_mode(net):
        net(torch.zeros(1, *shape))
    for handle in handles:
        handle.remove()
    return sum(counts)


def _evaluation_seconds(net: nn.Module, valid: Split) -> float:
    """Return the seconds of one evaluation on valid, estimated from its first batch."""
    if not len(valid):
        return 0.0
    size = min(len(valid), 500, batch_size_for(valid.schema[valid.schema.inputs[0]]))
    with eval_mode(net) as device:
        batch = next(iter(valid.batches(size).on(device)))
        started = time.perf_counter()
        getattr(net, "reconstruct", net)(net_inputs(batch, valid.schema, net))
        return (time.perf_counter() - started) * len(valid) / size
