"""Streams: order, seeking, batches."""

import gc
import hashlib
import threading
import time

import pytest
import torch

from brique import data
from brique.data import Batch, Ragged
from brique.errors import DataError


def numbered(n=50, **more):
    pictures = torch.arange(n * 4).remainder(251).to(torch.uint8).view(n, 1, 2, 2)
    marks = torch.arange(n) % 3
    return data.arrays(image=pictures, label=marks, split=["train"] * n, **more).train


def ids(stream):
    return [batch.ids.tolist() for batch in stream]


def flat(lists):
    return [i for listed in lists for i in listed]


def test_every_example_comes_once_an_epoch():
    stream = numbered().batches(10, epochs=3, seed=5)
    assert (stream.turns, stream.per_epoch, len(stream)) == (15, 5, 15)
    epochs = [flat(ids(stream)[i : i + 5]) for i in (0, 5, 10)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_order_is_fixed_for_a_seed():
    stream = numbered().batches(10, turns=5, seed=0)
    assert ids(stream) == ids(stream) == ids(numbered().batches(10, turns=9, seed=0))[:5]
    assert ids(stream) != ids(numbered().batches(10, turns=5, seed=1))


def test_order_ignores_the_default_generator():
    stream = numbered().batches(10, turns=5)
    before = torch.get_rng_state()
    ids(stream)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("turn", [0, 1, 4, 5, 6, 11, 17])
def test_seeking_equals_playing(turn):
    stream = numbered().batches(9, turns=17, seed=3)
    played = list(stream)[turn:]
    sought = list(stream.seek(turn))
    assert [b.ids.tolist() for b in sought] == [b.ids.tolist() for b in played]
    assert all(torch.equal(a.image, b.image) for a, b in zip(sought, played, strict=True))
    assert [int(b.turn) for b in sought] == list(range(turn, 17))


def test_fields_belong_to_their_ids():
    split = numbered()
    for batch in split.batches(7, epochs=2):
        assert torch.equal(batch.image, split["image"][batch.ids].float() / 255)
        assert torch.equal(batch.label, batch.ids % 3)
        assert batch.image.dtype == torch.float32


def test_training_drops_an_uneven_last_batch_and_a_pass_keeps_it():
    split = numbered(25)
    assert [len(b) for b in split.batches(10, epochs=2)] == [10] * 4
    assert ids(split.batches(10)) == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
    assert [len(b) for b in split.batches(40, turns=3)] == [25] * 3
    assert split.batches(40, turns=3).per_epoch == 1


def test_shuffle_off_keeps_the_order_each_epoch():
    stream = numbered(20).batches(10, epochs=2, shuffle=False)
    assert ids(stream) == [list(range(10)), list(range(10, 20))] * 2


def test_stream_can_be_played_twice_and_next_moves_it():
    stream = numbered(20).batches(10, turns=4)
    assert len(list(stream)) == len(list(stream)) == 4
    first = next(stream)
    assert int(first.turn) == 0
    assert [int(batch.turn) for batch in stream] == [1, 2, 3]
    for _ in range(3):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


def test_progress_is_the_share_of_turns():
    batches = list(numbered().batches(10, turns=8))
    assert [float(batch.progress) for batch in batches] == [i / 8 for i in range(8)]
    assert batches[3].turn.dtype == torch.int64
    assert batches[3].progress.dtype == torch.float32
    assert batches[3].turn.shape == batches[3].progress.shape == ()
    assert int(batches[3][2:5].turn) == 3


def test_stream_on_a_device_gives_the_same_batches():
    stream = numbered().batches(10, turns=3)
    assert ids(stream.on("cpu")) == ids(stream)
    assert next(stream.on("cpu").seek(2)).turn == 2


def test_augment_changes_batches():
    stream = numbered(20).batches(
        10, turns=2, augment=lambda batch: batch.replace(image=1 - batch.image)
    )
    plain = numbered(20).batches(10, turns=2)
    for changed, batch in zip(stream, plain, strict=True):
        assert torch.equal(changed.image, 1 - batch.image)
        assert torch.equal(changed.turn, batch.turn)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"turns": 3, "epochs": 2}, "batches: got turns=3 and epochs=2; pass one of them"),
        ({"turns": -1}, "batches: turns must be 0 or more, got -1; pass how many to play"),
        ({"epochs": -1}, "batches: epochs must be 0 or more, got -1; pass how many to play"),
        ({"batch_size": 0}, "batches: batch_size must be 1 or more, got 0; pass how many a turn"),
        (
            {"bucket": True},
            "batches: bucket=True needs a field of varying length, got image, label",
        ),
    ],
)
def test_numbers_out_of_range_are_named(options, text):
    with pytest.raises(DataError, match=text):
        numbered().batches(**({"batch_size": 4, "turns": None} | options))


def test_empty_split_has_no_batches():
    empty = data.arrays(x=[1.0, 2.0], split=["train"] * 2).test
    assert len(empty) == 0
    with pytest.raises(DataError, match="batches: this part holds no examples; take another part"):
        empty.batches(2)


def test_seeking_beyond_the_end_is_an_error():
    for stream in (numbered().batches(10, turns=3), data.nothing(3)):
        assert list(stream.seek(3)) == []
        for turn in (4, -1):
            with pytest.raises(DataError, match=f"stream: no turn {turn}; seek from 0 to 3"):
                stream.seek(turn)


def test_example_is_a_dict_of_its_fields():
    split = numbered()
    example = split[3]
    assert set(example) == {"image", "label"}
    assert torch.equal(example["image"], split["image"][3].float() / 255)
    assert example["label"] == 0
    assert torch.equal(split[-1]["image"], split[49]["image"])
    assert len(list(split)) == 50
    with pytest.raises(IndexError, match="split: no example 50 among 50"):
        split[50]
    with pytest.raises(DataError, match="split: no field 'imgae' among image, label; did you mean"):
        split["imgae"]


def test_select_keeps_ids_of_the_source():
    split = data.arrays(x=torch.arange(20.0), split=["test", "train"] * 10).train
    chosen = split.select(torch.tensor([5, 1, 5]))
    assert chosen.ids.tolist() == [5, 1, 5]
    assert chosen["x"].tolist() == [5, 1, 5]
    assert split.select(split["x"] > 15).ids.tolist() == [17, 19]
    assert chosen.schema == split.schema
    with pytest.raises(DataError, match="split: example 4 is not in this part of 10"):
        split.select(torch.tensor([1, 4]))
    with pytest.raises(DataError, match=r"split: a mask must have shape \(10,\), got \(3,\)"):
        split.select(torch.tensor([True, False, True]))


def test_batch_is_its_fields():
    batch = Batch({"image": torch.rand(6, 1, 2, 2), "label": torch.arange(6)})
    assert batch.fields == ("image", "label")
    assert len(batch) == 6
    assert batch["label"] is batch.label
    assert batch.ids.tolist() == list(range(6))
    assert "label" in batch
    assert batch[1:3].label.tolist() == batch.cut(1, 3).label.tolist() == [1, 2]
    assert batch[4:99].label.tolist() == [4, 5]
    assert len(batch[4:2]) == 0
    assert batch.to("cpu").label.tolist() == list(range(6))
    some = batch[2:].select_ids(torch.tensor([5, 1, 3]))
    assert some.label.tolist() == some.ids.tolist() == [3, 5]
    assert torch.equal(some.image, batch.image[[3, 5]])
    with pytest.raises(AttributeError, match="batch: no field 'labek' among image, label; did you"):
        batch.labek
    with pytest.raises(DataError, match="batch: no field 'labek' among image, label; did you mean"):
        batch["labek"]
    with pytest.raises(DataError, match="batch: a slice must have step 1, got 2; cut it as"):
        batch[::2]


def test_batch_survives_copying():
    import copy

    batch = Batch({"x": torch.arange(3)})
    assert copy.copy(batch).x.tolist() == copy.deepcopy(batch).x.tolist() == [0, 1, 2]


def test_nothing_is_a_stream_of_empty_batches():
    stream = data.nothing(4)
    batches = list(stream)
    assert (stream.turns, len(stream), len(batches)) == (4, 4, 4)
    assert [int(batch.turn) for batch in batches] == [0, 1, 2, 3]
    assert [float(batch.progress) for batch in stream.seek(2)] == [0.5, 0.75]
    assert {len(batch) for batch in batches} == {0}
    assert batches[0].fields == ()
    assert not hasattr(batches[0], "cut")
    assert batches[0].to("cpu").ids.shape == (0,)
    assert int(next(stream.on("cpu")).turn) == 0
    with pytest.raises(DataError, match="nothing: turns must be 0 or more, got -1"):
        data.nothing(-1)


def sentences(n=200):
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(0, 60, (n,), generator=generator).tolist()
    words = [torch.full((length,), i) for i, length in enumerate(lengths)]
    return words, data.arrays(words=Ragged.of(words), split=["train"] * n).train


def test_ragged_fields_are_gathered():
    words, split = sentences()
    for batch in split.batches(16, epochs=1):
        assert isinstance(batch.words, Ragged)
        for i, sequence in zip(batch.ids.tolist(), batch.words, strict=True):
            assert torch.equal(sequence, words[i])
        assert len(batch[3:7].words) == 4
    assert torch.equal(split[5]["words"], words[5])


def test_buckets_bring_like_lengths_together():
    _, split = sentences()
    stream = split.batches(10, epochs=2, seed=4, bucket=True)
    plain = split.batches(10, epochs=2, seed=4)

    def spread(batches):
        return sum(float(batch.words.lengths.float().std()) for batch in batches)

    assert spread(stream) < 0.2 * spread(plain)
    assert {batch.words.padded(0).shape[1] % 8 for batch in stream} == {0}
    epochs = [flat(ids(stream)[i : i + 20]) for i in (0, 20)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(200))] * 2
    assert epochs[0] != epochs[1]
    assert ids(stream.seek(13)) == ids(stream)[13:]
    first = [int(batch.words.lengths.max()) for batch in stream][:20]
    assert first != sorted(first)


def test_buckets_need_shuffling():
    _, split = sentences(20)
    with pytest.raises(DataError, match="batches: bucket=True shuffles, so it needs turns= or"):
        split.batches(4, bucket=True)


# The same for any batch size, workers and place of resuming


def photos(n):
    generator = torch.Generator().manual_seed(7)
    pixels = torch.randint(0, 256, (n, 3, 12, 10), generator=generator, dtype=torch.uint8)
    return data.arrays(image=pixels, label=torch.arange(n) % 7, split=["train"] * n).train


CHANGES = data.Augment(mirror=True, shift=0.2, rotate=25.0, zoom=0.2, light=0.3)


def hashes(stream, per_epoch):
    """Return the ids of each epoch in order, and (epoch, id) -> SHA-256 of pixels as bytes."""
    order, found = {}, {}
    for batch in stream:
        epoch = int(batch.turn) // per_epoch
        pixels = (batch.image * 255).round().to(torch.uint8).numpy()
        order.setdefault(epoch, []).extend(batch.ids.tolist())
        for id, picture in zip(batch.ids.tolist(), pixels, strict=True):
            found[epoch, id] = hashlib.sha256(picture.tobytes()).hexdigest()
    return order, found


def same_everywhere(n, sizes, workers, epochs):
    split = photos(n)

    def played(size, count, start=0):
        stream = split.batches(size, epochs=epochs, seed=3, augment=CHANGES, workers=count)
        return hashes(stream.seek(start), stream.per_epoch)

    order, found = played(sizes[0], 0)
    assert len(set(found.values())) > 0.99 * len(found) > 0
    for size in sizes:
        for count in workers:
            again = played(size, count)
            for epoch, ids in again[0].items():
                assert ids == order[epoch][: len(ids)]
            assert again[1].items() <= found.items()
            whole = n // size * size  # an uneven last batch is dropped
            assert len(again[1]) == epochs * whole
        start = epochs * (n // size) // 2 + 1
        resumed = played(size, workers[-1], start)
        assert resumed[1].items() <= found.items()
        assert sum(map(len, resumed[0].values())) == epochs * whole - start * size


def test_a_thousand_pictures_are_the_same_whatever_batches_workers_and_resuming():
    same_everywhere(1000, (100, 64, 500), (0, 1, 2, 4), epochs=1)
    same_everywhere(20, (5, 1), (0, 2), epochs=2)


@pytest.mark.slow
def test_ten_thousand_pictures_are_the_same_whatever_batches_workers_and_resuming():
    same_everywhere(10_000, (100, 32, 7, 1000), (0, 1, 2, 4), epochs=2)


@pytest.mark.parametrize("options", [{}, {"balance": "sampler"}, {"shuffle": False}])
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(workers, options):
    split = numbered(23)
    plain = split.batches(5, epochs=4, seed=2, augment=CHANGES, **options)
    ahead = split.batches(5, epochs=4, seed=2, augment=CHANGES, workers=workers, **options)
    for turn in (0, 7):
        for one, other in zip(plain.seek(turn), ahead.seek(turn), strict=True):
            assert one.ids.tolist() == other.ids.tolist()
            assert torch.equal(one.image, other.image)
            assert int(one.turn) == int(other.turn)
    assert ids(split.batches(5, workers=workers)) == ids(split.batches(5))
    _, texts = sentences()
    buckets = [texts.batches(10, epochs=2, seed=4, bucket=True, workers=n) for n in (0, workers)]
    assert ids(buckets[0]) == ids(buckets[1])


def threads():
    return [one for one in threading.enumerate() if one.name.startswith("brique-batches")]


def ended():
    """Tell whether all threads of streams end within a second."""
    gc.collect()
    until = time.monotonic() + 1
    while threads() and time.monotonic() < until:
        time.sleep(0.005)
    return not threads()


def test_no_thread_is_left_behind():
    stream = numbered(40).batches(4, turns=1000, workers=3)
    for batch in stream:
        if int(batch.turn) == 5:
            break
    next(stream)
    assert threads()
    del stream, batch
    assert ended()
    whole = numbered(40).batches(4, turns=6, workers=2)
    assert len(list(whole)) == 6
    assert ended()
    assert whole.turns == 6


def test_what_fails_in_a_worker_fails_where_the_batch_is_wanted():
    def fails(batch):
        if int(batch.turn) == 3:
            raise ValueError("turn three")
        return batch

    for workers in (0, 2):
        stream = numbered(40).batches(4, turns=8, augment=fails, workers=workers)
        assert [int(next(stream).turn) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="turn three"):
            next(stream)
        assert [int(batch.turn) for batch in stream] == [4, 5, 6, 7]
    del stream
    assert ended()


def test_batches_are_made_ahead_of_their_turn():
    made = []
    stream = numbered(40).batches(
        4, turns=50, workers=2, augment=lambda batch: made.append(int(batch.turn)) or batch
    )
    next(stream)
    until = time.monotonic() + 2
    while len(made) < 4 and time.monotonic() < until:
        time.sleep(0.005)
    assert 4 <= len(made) < 10


# Balance


def lopsided(n=200):
    label = (torch.arange(n) >= n - 20).long() + (torch.arange(n) >= n - 4).long()
    pixels = torch.arange(n).to(torch.uint8).view(n, 1, 1, 1).expand(n, 1, 4, 4)
    return data.arrays(image=pixels.clone(), label=label, split=["train"] * n).train


def test_a_balanced_stream_shows_each_class_equally_often():
    stream = lopsided().batches(12, epochs=2, seed=1, balance="sampler")
    assert (stream.per_epoch, stream.turns) == (16, 32)
    seen = []
    for batch in stream:
        assert torch.bincount(batch.label).tolist() == [4, 4, 4]
        seen += batch.ids.tolist()
    assert seen[:192] != seen[192:]
    for epoch in (seen[:192], seen[192:]):
        times = torch.bincount(torch.tensor(epoch), minlength=200)
        assert times[:180].tolist().count(1) == 64  # of the common class, none comes twice
        assert set(times[180:196].tolist()) == {4}
        assert set(times[196:].tolist()) == {16}
    assert ids(stream.seek(21)) == ids(stream)[21:]
    for batch in lopsided().batches(7, epochs=1, balance="sampler"):
        times = torch.bincount(batch.label, minlength=3)
        assert int(times.max() - times.min()) <= 2


def test_copies_in_a_balanced_epoch_have_draws_of_their_own():
    pixels = torch.rand(24, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    split = data.arrays(image=pixels, label=[0] * 22 + [1] * 2, split=["train"] * 24).train
    stream = split.batches(24, turns=1, augment=CHANGES, balance="sampler")
    batch = next(stream)
    copies = batch.image[batch.ids == 23]
    assert len(copies) == 6
    assert len(copies.flatten(1).unique(dim=0)) == 6
    assert int(batch.ids.max()) == 23
    plain = next(split.batches(24, turns=1, augment=CHANGES))
    first = dict(zip(plain.ids.tolist(), plain.image, strict=True))
    common = batch.ids < 22
    for id, picture in zip(batch.ids[common].tolist(), batch.image[common], strict=True):
        assert torch.equal(picture, first[id])  # the first copy is what it always was


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"balance": "smapler"}, "balance must be 'none' or 'sampler', got 'smapler'; did you mea"),
        ({"balance": "sampler", "turns": None}, "balance='sampler' draws, so it needs turns= or"),
        ({"workers": -1}, "workers must be 0 or more, got -1; pass how many threads"),
    ],
)
def test_ways_of_making_batches_that_are_not_are_named(options, text):
    with pytest.raises(DataError, match=text):
        numbered().batches(**({"batch_size": 4, "turns": 3} | options))


def test_balance_needs_classes_and_no_buckets():
    words, split = sentences(20)
    with pytest.raises(DataError, match="balance='sampler' needs a target that is a category, got"):
        split.batches(4, turns=2, balance="sampler")
    both = data.arrays(words=Ragged.of(words), label=[0, 1] * 10, split=["train"] * 20).train
    with pytest.raises(DataError, match="bucket=True and balance='sampler' both decide the order"):
        both.batches(4, turns=2, balance="sampler", bucket=True)
