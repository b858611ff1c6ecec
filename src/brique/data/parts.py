"""From examples to a data set: train, valid and test, and what is fitted on train alone."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from brique.data import journal
from brique.data.batch import Values
from brique.data.finding import Finding
from brique.data.journal import Entry
from brique.data.originals import Originals, connected
from brique.data.ragged import Ragged
from brique.data.split import Split, Store
from brique.errors import DataError
from brique.schema import Category, Field, Number, Picture, Schema

PARTS = ("train", "valid", "test")
_PIXELS = 1 << 18  # looked at together: they fit into a processor's cache


@dataclass(frozen=True)
class Data:
    """A data set: what its fields are, and its three parts.

    name: of the source.
    train, valid, test: the parts; valid or test of a tiny set may be empty.
    fingerprint: SHA-256 of all examples, class names and the split, in hexadecimal.
    skipped: (file, reason) of every picture that could not be read.
    notes: sentences on what was decided, for people to read.
    """

    name: str
    schema: Schema
    train: Split
    valid: Split
    test: Split
    fingerprint: str
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    source: "Source | None" = field(default=None, compare=False)

    def audit(self) -> list[Finding]:
        """Return what may spoil a result, worst first (docs/audit.md).

        Looked for: unreadable files, equal and nearly equal pictures within and across parts, equal
        pictures of different classes, classes that are rare or missing in a part, odd pictures,
        doubtful labels. Nothing is fitted that a training could use.
        """
        from brique.data import audit  # it stands upon this module

        return audit.findings(self)

    def __repr__(self) -> str:
        parts = ", ".join(f"{part} {len(getattr(self, part))}" for part in PARTS)  # fixed names
        return f"Data({self.name}: {', '.join(self.schema.fields)}; {parts})"


@dataclass
class Source:
    """Examples as a source gives them, before the split.

    fields: by name, all of the same length N.
    kinds: the kind of each, nothing fitted yet.
    part: (N,), uint8, place in PARTS of each example, or None if the source has no parts.
    digests: (N,), uint64, a number for the inputs of each, equal for equal ones; if None they are
        made from the fields. Sources that change pictures give those of the originals, so that
        a size moves no example to another part.
    is_final: whether a part that it does not have stays empty, instead of being drawn from train.
    originals: what is known of the picture files; nearly equal ones are drawn as one example.
    """

    name: str
    fields: dict[str, Values]
    kinds: dict[str, Field]
    targets: tuple[str, ...] = ()
    part: Tensor | None = None
    digests: np.ndarray | None = None
    is_final: bool = False
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    originals: Originals | None = None

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))


def build(source: Source) -> Data:
    """Split the examples, fit what is fitted on train, and return the data set."""
    part = _split(source)
    train = (part == 0).nonzero().flatten()  # ids
    if not len(train):
        raise DataError(
            f"{source.name}: no example is left for training, of {len(source)}; add examples"
        )
    kinds = {name: _fit(kind, source.fields[name], train) for name, kind in source.kinds.items()}
    schema = Schema(kinds, source.targets)
    files = () if source.originals is None else source.originals.files
    store = Store(source.fields, schema, files)
    fingerprint = _fingerprint(source, schema, part)
    skipped, notes = tuple(source.skipped), tuple(source.notes)
    now = time.perf_counter()
    entry = journal.enter(Entry(source.name, schema, fingerprint, now, notes, skipped))
    splits = [
        Split(store, (part == place).nonzero().flatten(), entry, is_test=place == 2)
        for place in range(3)
    ]
    train, valid, test = splits
    return Data(source.name, schema, train, valid, test, fingerprint, skipped, notes, source)


def again(data: Data) -> Data:
    """Return the same data set as one that was opened now: its test part has not been read."""
    now = time.perf_counter()
    entry = journal.enter(
        Entry(data.name, data.schema, data.fingerprint, now, data.notes, data.skipped)
    )
    splits = [part.reopened(entry) for part in (data.train, data.valid, data.test)]
    return replace(data, train=splits[0], valid=splits[1], test=splits[2])


def all_digests(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return a number for the inputs of each example at `rows`, equal for equal ones: uint64."""
    columns = [_bytes(value) for name, value in source.fields.items() if name not in source.targets]
    words = [digest(b"".join([column(row) for column in columns])) for row in rows.tolist()]
    return np.array(words, dtype=np.uint64)


def digest(content: bytes) -> int:
    """Return a 64-bit number for an example's content: its place in the fixed draw of the split."""
    word = hashlib.blake2b(content, digest_size=8, key=b"brique split").digest()
    return int.from_bytes(word, "little")


def _split(source: Source) -> Tensor:
    """Return the part of each example (N,), uint8: the source's own, else a fixed draw."""
    part = (
        torch.zeros(len(source), dtype=torch.uint8) if source.part is None else source.part.clone()
    )
    given = [bool((part == place).any()) for place in range(3)]
    free = (part == 0).nonzero().flatten().numpy()
    test, valid = (0.0 if given[2] else 0.2), (0.0 if given[1] else 0.1)
    if source.is_final or (not test and not valid):
        return part
    digests = all_digests(source, free) if source.digests is None else source.digests[free]
    if source.originals is not None:
        digests = _joined(digests, source.originals.near_pairs(), free)
    strata = _strata(source, free)
    sides = _draw(digests, strata, test, valid)
    part[torch.from_numpy(free)] = torch.from_numpy(sides)
    if source.part is not None:
        made = [f"{PARTS[p]} is {(sides == p).sum():,}" for p in (1, 2) if not given[p]]
        source.notes.append(
            f"{source.name}: {' and '.join(made)} of its {len(free):,} training examples, held out "
            "by a fixed draw."
        )
    return part


def _draw(digests: np.ndarray, strata: np.ndarray, test: float, valid: float) -> np.ndarray:
    """Return the part of each example (N,), uint8, by its content alone.

    Within a stratum, examples stand in the order of their digests; the first fill test, the next
    valid. Equal examples are one group, counted in the stratum of its first; groups of several
    stand last, so that they go to train as a rule, and always to one part.
    """
    _, first, group, sizes = np.unique(
        digests, return_index=True, return_inverse=True, return_counts=True
    )
    stratum = strata[first]
    order = np.lexsort((np.arange(len(first)), sizes, stratum))  # of groups
    ends = np.cumsum(sizes[order])
    totals = np.bincount(stratum[order], weights=sizes[order]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(totals)[:-1]])
    n, end = totals[stratum[order]], ends - starts[stratum[order]]
    tests = _share(n, test, least=3)
    valids = _share(n - tests, valid, least=2)
    sides = np.where(end <= tests, 2, np.where(end <= tests + valids, 1, 0)).astype(np.uint8)
    of_group = np.empty(len(first), np.uint8)
    of_group[order] = sides
    return of_group[group]


def _joined(digests: np.ndarray, pairs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the digests at `rows` with one number, the lowest, for all that pairs connect.

    pairs: (P, 2), places in the whole source.
    """
    place = {row: i for i, row in enumerate(rows.tolist())}
    linked = [(place[a], place[b]) for a, b in pairs.tolist() if a in place and b in place]
    if not linked:
        return digests
    _, equal = np.unique(digests, return_inverse=True)
    groups = connected(len(digests), linked, equal)
    lowest = np.full(len(digests), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, groups, digests)
    return lowest[groups]


def _share(n: np.ndarray, share: float, *, least: int) -> np.ndarray:
    """Return round(share * n), but 1 at least where n reaches `least`."""
    if not share:
        return np.zeros_like(n)
    return np.maximum(np.rint(n * share).astype(np.int64), (n >= least).astype(np.int64))


def _bytes(value: Values) -> Callable[[int], bytes]:
    """Return a function from an example's place to its bytes."""
    if isinstance(value, Ragged):
        offsets = value.offsets.tolist()
        values = value.values.contiguous().numpy().reshape(len(value.values), -1)
        return lambda row: values[offsets[row] : offsets[row + 1]].tobytes()
    rows = value.contiguous().numpy()
    return lambda row: rows[row].tobytes()


def _strata(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return the class of each example at `rows`, or 0 where there is no class to keep even."""
    for name in source.targets:
        if isinstance(source.kinds[name], Category):
            labels = source.fields[name]
            assert isinstance(labels, Tensor)
            return labels.numpy()[rows]
    return np.zeros(len(rows), np.int64)


def _fit(kind: Field, value: Values, train: Tensor) -> Field:
    """Return the kind with mean and spread of the training examples."""
    if isinstance(kind, Category) or (isinstance(kind, Number) and kind.whole):
        return kind
    if isinstance(kind, Picture):
        assert isinstance(value, Tensor)
        mean, spread = _moments(value, train)
        return replace(kind, mean=mean, spread=spread)
    values = value.select(train).values if isinstance(value, Ragged) else value[train]
    columns = values.reshape(-1, kind.shape[-1] if kind.shape else 1)
    if not len(columns):
        return kind
    means, spreads = columns.double().mean(0).tolist(), columns.double().std(0, False).tolist()
    if kind.shape:
        return replace(kind, mean=tuple(means), spread=tuple(spreads))
    return replace(kind, mean=means[0], spread=spreads[0])


def _moments(pictures: Tensor, rows: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel, of brightness in [0, 1].

    Sums of uint8 are exact in float64, whatever the number of threads.
    """
    channels = pictures.shape[1]
    total = torch.zeros(channels, dtype=torch.float64)
    squares = torch.zeros(channels, dtype=torch.float64)
    for some in rows.split(max(1, _PIXELS // pictures[0].numel())):
        pixels = pictures.index_select(0, some).to(torch.float64).flatten(2)
        total += pixels.sum((0, 2))
        squares += (pixels * pixels).sum((0, 2))
    n = len(rows) * pictures[0, 0].numel()
    top = 255 if pictures.dtype == torch.uint8 else 1
    mean = total / n
    spread = (squares / n - mean * mean).clamp(min=0).sqrt()
    return tuple((mean / top).tolist()), tuple((spread / top).tolist())


def _fingerprint(source: Source, schema: Schema, part: Tensor) -> str:
    """Return the SHA-256 of fields, schema and split."""
    total = hashlib.sha256(json.dumps(schema.to_json(), sort_keys=True).encode())
    total.update(part.numpy().tobytes())
    for name, value in sorted(source.fields.items()):
        ragged = (value.values, value.offsets, value.parent) if isinstance(value, Ragged) else ()
        for tensor in ragged or (value,):
            if isinstance(tensor, Tensor):
                about = f"{name} {tensor.dtype} {tuple(tensor.shape)}"
                total.update(about.encode())
                total.update(tensor.contiguous().numpy().data)
    return total.hexdigest()
