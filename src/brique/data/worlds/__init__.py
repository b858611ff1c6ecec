"""Generated worlds: data with known factors, each example a function of (seed, world, part, i).

The parts of a data set have random numbers of their own; test differs from train by a factor that
train never shows, which the docstring of the function names.
"""

from collections.abc import Callable
from inspect import signature

from brique.data.dataset import Data
from brique.data.worlds.faces import faces as faces
from brique.data.worlds.figures import BONES as BONES
from brique.data.worlds.figures import JOINTS as JOINTS
from brique.data.worlds.figures import figures as figures
from brique.data.worlds.grammar import grammar as grammar
from brique.data.worlds.points import points as points
from brique.data.worlds.scenes import scenes as scenes
from brique.data.worlds.stereo import stereo as stereo
from brique.data.worlds.stories import stories as stories
from brique.data.worlds.throws import throws as throws
from brique.errors import DataError, did_you_mean
from brique.options import Options

WORLDS: dict[str, Callable[..., Data]] = {
    world.__name__: world
    for world in (faces, figures, grammar, points, scenes, stereo, stories, throws)
}


def open_world(source: str, options: Options) -> Data:
    """Return a world with its defaults, as `data.open("world:NAME", target=...)`.

    source: "world:" and its name. options: only target, by default that of the world.
    Raises DataError if there is no such world, and on any other option.
    """
    name = source.removeprefix("world:")
    if name not in WORLDS:
        raise DataError(
            f"data: no world '{name}' among {', '.join(WORLDS)}; choose one"
            f"{did_you_mean(name, WORLDS)}"
        )
    if options.kind is not None:
        raise DataError(f"{source}: is generated, got --kind {options.kind}; leave it out")
    has_targets = "target" in signature(WORLDS[name]).parameters
    uses = frozenset({"target"} if has_targets else ())
    options.check(source, "generated worlds", uses)
    target = options.target
    return WORLDS[name]() if target is None else WORLDS[name](target=target)
