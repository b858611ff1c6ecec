"""Flags that several training files share have one order, one help text, and one default."""

from collections import defaultdict

import pytest

from brique import catalog

SETTINGS = {
    name: catalog.settings(path.read_text()) for name, path in catalog.training_files().items()
}
ORDER = (
    "data", "options", "start", "freeze", "latent", "width", "depth", "stages", "stem", "dropout",
    "smoothing", "turns", "batch_size", "lr", "body_lr", "weight_decay", "clip", "average",
    "patience", "bucket", "balance", "mirror", "shift", "rotate", "zoom", "light", "seed",
)  # fmt: skip
OWN_HELP = {
    "data": "names what the task takes",
    "start": "classify also takes a run",
    "width": "measures another layer in each network",
    "depth": "counts other layers in each network",
    "batch_size": "counts pictures, sentences, windows or pairs",
    "lr": "some schedules have a warmup",
    "dropout": "detect has it in the head only",
    "balance": "label has no sampler",
}
OWN_DEFAULT = {
    "data": "each task has its own example data",
    "options": "opens those example data",
    **dict.fromkeys(
        ("width", "depth", "stages", "stem", "latent"), "fits the network to the example data"
    ),
    **dict.fromkeys(
        ("turns", "batch_size", "lr", "weight_decay", "average", "patience", "clip"),
        "chosen on the valid part of the example data",
    ),
    **dict.fromkeys(("dropout", "smoothing"), "chosen on the valid part of the example data"),
    **dict.fromkeys(
        ("mirror", "shift", "rotate", "zoom", "light"),
        "what leaves a label as it is depends on the pictures",
    ),
}
PREFIX = "Picture inputs: "  # of files whose inputs are of any kind


def by_flag() -> dict[str, list[catalog.Setting]]:
    """Return the settings of each flag that several training files have."""
    found: dict[str, list[catalog.Setting]] = defaultdict(list)
    for settings in SETTINGS.values():
        for setting in settings:
            found[setting.name].append(setting)
    return {name: settings for name, settings in found.items() if len(settings) > 1}


SHARED = by_flag()


def plain(text: str) -> str:
    """Return a help text without the prefix of mixed inputs."""
    text = text.removeprefix(PREFIX)
    return text[:1].upper() + text[1:]


def test_order_names_every_shared_flag() -> None:
    assert set(ORDER) == set(SHARED)


@pytest.mark.parametrize("name", SETTINGS)
def test_shared_flags_have_one_order(name: str) -> None:
    flags = [setting.name for setting in SETTINGS[name] if setting.name in ORDER]
    assert flags == sorted(flags, key=ORDER.index)


@pytest.mark.parametrize("flag", sorted(set(SHARED) - set(OWN_HELP)))
def test_a_shared_flag_has_one_help_text(flag: str) -> None:
    assert len({plain(setting.description) for setting in SHARED[flag]}) == 1


@pytest.mark.parametrize("flag", sorted(set(SHARED) - set(OWN_DEFAULT)))
def test_a_shared_flag_has_one_default(flag: str) -> None:
    assert len({setting.default for setting in SHARED[flag]}) == 1


def test_exceptions_are_needed() -> None:
    for flag in OWN_HELP:
        assert len({plain(setting.description) for setting in SHARED[flag]}) > 1, flag
    for flag in OWN_DEFAULT:
        assert len({setting.default for setting in SHARED[flag]}) > 1, flag
