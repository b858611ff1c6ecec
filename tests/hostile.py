"""What a run folder from a stranger may hold: a table of changes to one that was whole."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from brique import files, reader

Change = Callable[[Any], Any]  # of a run folder, or of a value in it
DEEP = "[" * 10_000


def edit_model(run: Path, change: Any, *, seals: bool = True) -> None:
    path = run / "model" / "model.json"
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    if seals:
        seal(run / "model")


def seal(folder: Path) -> None:
    """Make a manifest fit whatever lies in its folder: an attacker would."""
    names = [one.name for one in folder.iterdir() if one.name != "manifest.json" and one.is_file()]
    files.write_json(
        folder / "manifest.json", {"format": 1, "files": reader.manifest_entries(folder, names)}
    )


def record(**values: Any) -> Change:
    """Return a change of run.json, with a checksum that fits."""

    def change(run: Path) -> None:
        value = json.loads((run / "run.json").read_text())
        for key, one in values.items():
            known = value.get(key)
            value[key] = known | one if isinstance(one, dict) and isinstance(known, dict) else one
        value.pop("files", None)
        files.write_json(run / "run.json", value | {"checksum": reader.checksum(value)})

    return change


def settings(**values: Any) -> Change:
    return record(settings=values)


def net(builder: str, **arguments: Any) -> Change:
    """Return a change of model.json: another builder."""

    def change(value: dict[str, Any]) -> None:
        value["nets"]["net"] |= {"builder": builder, "arguments": arguments, "pick": None}

    return lambda run: edit_model(run, change)


PLAIN = {"channels": 1, "classes": 10, "mean": [0.3], "std": [0.4]}
SHAPED = {"mean": [0.3], "std": [0.4]}


def residual(**values: Any) -> Change:
    return net("brique.nets.residual", **PLAIN | values)


def check(change: Any) -> Change:
    return lambda run: edit_model(run, lambda value: change(value["nets"]["net"]["check"]))


def shape(*sides: int) -> Change:
    return lambda run: edit_model(
        run, lambda value: value["schema"]["fields"]["image"].update(shape=list(sides))
    )


def weights(change: Any, *, checks: bool = True) -> Change:
    """Return a change of the weights, of which a manifest says that they are right."""

    def spoil(run: Path) -> None:
        path = run / "model" / "net.safetensors"
        tensors = load_file(path)
        first = next(iter(tensors))
        tensors[first] = change(tensors[first])
        save_file(tensors, path)
        if not checks:
            edit_model(run, lambda value: value["nets"]["net"].update(check=None))
        seal(run / "model")

    return spoil


def filled(number: float) -> Change:
    return lambda tensor: torch.full_like(tensor, number)


def content(name: str, data: bytes | str, *, seals: bool = True) -> Change:
    """Return a change of one file to other bytes."""

    def change(run: Path) -> None:
        path = run / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        if seals and (path.parent / "manifest.json").exists() and path.name != "manifest.json":
            seal(path.parent)

    return change


def pipe(name: str) -> Change:
    def change(run: Path) -> None:
        (run / name).unlink()
        os.mkfifo(run / name)

    return change


def link(name: str, target: str) -> Change:
    def change(run: Path) -> None:
        path = run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(target)

    return change


def outside(name: str) -> Change:
    """Return a change that puts a link that leads out of the run in the place of a file."""

    def change(run: Path) -> None:
        (run / name).rename(run.parent / "elsewhere")
        (run / name).symlink_to(run.parent / "elsewhere")

    return change


def state(change: Any) -> Change:
    """Return a change of the state of the last checkpoint, of which a manifest says it is right."""

    def spoil(run: Path) -> None:
        path = run / "checkpoints" / "stage-00" / "state.json"
        value = json.loads(path.read_text())
        value = change(value) or value
        path.write_text(json.dumps(value))
        seal(path.parent)

    return spoil


def entry(name: str, new: Any) -> Change:
    """Return a change of one entry of the packed state."""

    def change(value: dict[str, Any]) -> None:
        pairs = value["state"]["dict"]
        pairs[:] = [[key, new if key == name else one] for key, one in pairs]

    return state(change)


def lost(name: str) -> Change:
    def change(value: dict[str, Any]) -> None:
        value["state"]["dict"] = [one for one in value["state"]["dict"] if one[0] != name]

    return state(change)


def long(name: str, size: int) -> Change:
    def change(run: Path) -> None:
        with (run / name).open("r+b") as file:
            file.truncate(size)

    return change


STAGE = "checkpoints/stage-00"
LOADED = {
    "depth": residual(depth=10**7),
    "stages": residual(stages=62),
    "many stages": residual(stages=10**7),
    "width": residual(width=10**6),
    "width of many digits": residual(width=2**200),
    "classes": residual(classes=10**9),
    "negative width": residual(width=-1),
    "a text as width": residual(width="wide"),
    "an object as width": residual(width={}),
    "an unknown argument": residual(evil=1),
    "stem": residual(stem=10**6),
    "no channels": residual(channels=0),
    "a list of means": residual(mean=[0.1] * 1000),
    "detector": net("brique.nets.detector", **PLAIN, depth=10**7),
    "neck": net("brique.nets.detector", **PLAIN, neck=10**6),
    "unet": net("brique.nets.unet", **PLAIN, width=10**6),
    "squeezenet": net("brique.nets.squeezenet", channels=10**9, classes=10),
    "autoencoder": net("brique.nets.autoencoder", shape=[1, 7000, 7000], **SHAPED),
    "autoencoder of a plane": net("brique.nets.autoencoder", shape=[1, 10**9, 10**9], **SHAPED),
    "autoencoder of nothing": net("brique.nets.autoencoder", shape=[], **SHAPED),
    "latent": net("brique.nets.autoencoder", shape=[1, 28, 28], latent=10**9, **SHAPED),
    "mixture": net("brique.nets.generator", shape=[1, 28, 28], components=10**9, **SHAPED),
    "fields": net("brique.nets.fields", schema={}),
    "tagger": net("brique.nets.tagger", schema=[1]),
    "forecaster": net(
        "brique.nets.forecaster",
        schema={"fields": {"past": {"kind": "number", "shape": [10, 10**9]}}, "targets": []},
    ),
    "no builder": net("", x=1),
    "a million modules": residual(depth=10**6),
    "a timm giant": net("timm:vit_gigantic_patch14_224", **PLAIN),
    "a timm net of 7 billion numbers": net("timm:vit_7b_patch16_dinov3", **PLAIN),
    "classes of a timm net": net("timm:resnet18", **PLAIN | {"classes": 10**9}),
    "channels of a timm net": net("timm:resnet18", **PLAIN | {"channels": 10**7}),
    "check of 10^7 numbers": check(lambda one: one["inputs"][0].update(shape=[1, 10**7])),
    "check of 10^12 numbers": check(lambda one: one["inputs"][0].update(shape=[10**6, 10**6])),
    "1000 check inputs": check(lambda one: one.update(inputs=one["inputs"] * 1000)),
    "negative check": check(lambda one: one["inputs"][0].update(shape=[-1, 28])),
    "check of a text": check(lambda one: one["inputs"][0].update(shape="x")),
    "check of no kind": check(lambda one: one["inputs"][0].update(dtype="evil")),
    "check without inputs": check(lambda one: one.pop("inputs")),
    "check without output": check(lambda one: one.pop("output")),
    "check of NaN": check(lambda one: one["output"].__setitem__(0, float("nan"))),
    "schema of 7000 x 7000": shape(1, 7000, 7000),
    "schema of a plane": shape(1, 10**9, 10**9),
    "schema of no side": shape(1, 0, 28),
    "schema of negative sides": shape(-1, -28, -28),
    "NaN": weights(filled(float("nan"))),
    "NaN without check": weights(filled(float("nan")), checks=False),
    "infinity": weights(filled(float("inf")), checks=False),
    "int8": weights(lambda one: one.to(torch.int8), checks=False),
    "other shape": weights(lambda one: one[:1].clone(), checks=False),
    "an empty model.json": content("model/model.json", ""),
    "a list": content("model/model.json", "[]"),
    "a deep list": content("model/model.json", DEEP),
    "a deep object": content("model/model.json", '{"a":' * 10_000 + "1" + "}" * 10_000),
    "a number of many digits": content("model/model.json", '{"format": ' + "1" * 9999 + "}"),
    "no UTF-8": content("model/model.json", b"\xff\xfe"),
    "an empty manifest": content("model/manifest.json", ""),
    "a manifest of nothing": content("model/manifest.json", '{"format": 1, "files": {}}'),
    "a manifest of a list": content("model/manifest.json", '{"format": 1, "files": []}'),
    "a deep manifest": content("model/manifest.json", DEEP),
    "a pipe as manifest": pipe("model/manifest.json"),
    "a pipe as model.json": pipe("model/model.json"),
    "a pipe as weights": pipe("model/net.safetensors"),
    "zeros without end as manifest": link("model/manifest.json", "/dev/zero"),
    "zeros without end as weights": link("model/net.safetensors", "/dev/zero"),
    "a model that is a link": outside("model"),
    "weights that are a link": outside("model/net.safetensors"),
    "no weights": content("model/net.safetensors", b""),
    "weights of noise": content("model/net.safetensors", bytes(range(256)) * 9),
    "weights with a long head": content("model/net.safetensors", b"\xff" * 8 + b"{}"),
    "long weights": long("model/net.safetensors", 50 << 30),
    "a long manifest": long("model/manifest.json", 50 << 30),
}
"""Changes after which `predict` is asked."""

RESUMED = {
    "width": settings(width=10**6),
    "depth": settings(depth=10**8),
    "batch": settings(batch_size=10**15),
    "batch of many digits": settings(batch_size=10**300),
    "seed": settings(seed=2**200),
    "seed of the record": record(seed=2**200),
    "a negative seed": settings(seed=-(2**80)),
    "a text as seed": settings(seed="x"),
    "a text as turns": settings(turns="x"),
    "a device that is an object": record(launch={"device": {}}),
    "a device of no kind": record(launch={"device": "evil"}),
    "threads of a text": record(launch={"threads": "x"}),
    "turns of the record": record(turns=2**200),
    "numbers of a text": record(numbers={"x": "y"}),
    "data of a number": record(data=[3]),
    "a state of no kind": record(state=3),
    "no launch": record(launch=None),
    "an empty record": content("run.json", ""),
    "a deep record": content("run.json", DEEP),
    "a record of NaN": content("run.json", '{"format": 2, "turns": NaN}'),
    "a pipe as record": pipe("run.json"),
    "a record that is a link": outside("run.json"),
    "a long record": long("run.json", 50 << 30),
    "a pipe as log": pipe("log.jsonl"),
    "a log without end": link("log.jsonl", "/dev/zero"),
    "a log that is a link": outside("log.jsonl"),
    "a changed log": content("log.jsonl", '{"turn": 1, "classifier": 9.0}\n' * 50),
    "an empty log": content("log.jsonl", ""),
    "a pipe as source": pipe("source.py"),
    "an empty state": content(f"{STAGE}/state.json", ""),
    "a state of {}": content(f"{STAGE}/state.json", "{}"),
    "a deep state": content(f"{STAGE}/state.json", DEEP),
    "a state nested deep": state(
        lambda value: value.update(state=json.loads('{"list":[' * 300 + "1" + "]}" * 300))
    ),
    "a state of an empty object": state(lambda value: value.update(state={})),
    "an order of a text": state(lambda value: value.update(order="x")),
    "an unknown tensor": entry("nets", {"tensor": "999"}),
    "nets of a number": entry("nets", 3),
    "a stage of nothing": entry("stage", {"dict": []}),
    "a log before its begin": entry("log", -1),
    "a log beyond its end": entry("log", 10**13),
    "a log of a text": entry("log", "x"),
    "stages of a number": entry("stages", 3),
    "memory of a number": entry("memory", 3),
    **{f"no {name}": lost(name) for name in ("index", "stages", "is_end", "log", "stage", "nets")},
    "no tensors": content(f"{STAGE}/state.safetensors", b""),
    "a pipe as tensors": pipe(f"{STAGE}/state.safetensors"),
    "a pipe as state": pipe(f"{STAGE}/state.json"),
    "a pipe as manifest": pipe(f"{STAGE}/manifest.json"),
    "an empty manifest": content(f"{STAGE}/manifest.json", ""),
    "checkpoints that are a link": outside("checkpoints"),
    "a checkpoint that is a link": outside(STAGE),
    "long tensors": long(f"{STAGE}/state.safetensors", 50 << 30),
}
"""Changes of a run that was stopped after its last turn, after which `resume` is asked."""

REPORTED = {
    "a pipe as answers": pipe("arrays/predictions.safetensors"),
    "answers without end": link("arrays/predictions.safetensors", "/dev/zero"),
    "answers that are a link": outside("arrays/predictions.safetensors"),
    "no answers": content("arrays/predictions.safetensors", b""),
    "long answers": long("arrays/predictions.safetensors", 50 << 30),
    "a pipe as log": pipe("log.jsonl"),
    "a deep log": content("log.jsonl", DEEP),
    "a log of NaN": content("log.jsonl", '{"turn": NaN, "x": 1e999}\n'),
    "a log of a text": content("log.jsonl", '{"turn": "x"}\n[3]\n'),
    "a long log": long("log.jsonl", 50 << 30),
    "a result of a number": record(result=3),
    "a command of a list": record(command=[3]),
    "seconds of a text": record(seconds={"training": "x"}),
}
"""Changes after which `report` is asked."""
