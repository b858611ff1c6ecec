"""What a text is in other words: the search for the likeliest answer, and its score."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TypeVar

import torch
from torch import Tensor, nn

from brique import data
from brique.data import Batch, Data, Ragged, Split
from brique.draw import table
from brique.errors import DataError
from brique.schema import Text
from brique.schema.texts import END, START
from brique.tasks.rest import at_rest

Step = Callable[..., tuple[Tensor, Tensor]]
Loss = Callable[[Batch], tuple[Tensor, Tensor]]
Net = TypeVar("Net", bound=nn.Module)


def opened(name: str, source: str, target: str) -> Data:
    """Return texts of one meaning, a field for each language, cut into subwords.

    name: of the data, or their path. source, target: two languages.
    Raises DataError for other data, or where subwords or their score cannot be had.
    """
    unit = None if name.startswith("world:") else "subwords"  # worlds have words of their own
    found = data.open(name, target=target, unit=unit, needs={source: Text, target: Text})
    if unit is not None:  # and are judged without a package
        _check_installed()
    return found


def shifted(text: Ragged) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a translator has read when it is to say each word, each word, and which count.

    text: N texts. Returns words before (N, T + 1), which begin with a start; words (N, T + 1),
    which end with an end; mask (N, T + 1), bool.
    """
    words, start = text.padded(END), text.values.new_full((len(text), 1), START)
    mask = torch.cat([text.mask.new_ones(len(text), 1), text.mask], dim=1)
    return torch.cat([start, words], 1), torch.cat([words, torch.full_like(start, END)], 1), mask


def nats(net: nn.Module, loss: Loss, split: Split) -> float:
    """Return the mean of a loss over the words of a split, `net` at rest.

    loss: of a batch, (sum, count), as a player's.
    """
    with at_rest(net) as device:
        sums = [loss(batch) for batch in split.batches(100).on(device)]
    return float(sum(one for one, _ in sums) / sum(count for _, count in sums))


def translations(
    speak: Callable[[Net, Ragged], list[Tensor]],
    nets: Mapping[str, Net],
    split: Split,
    source: str,
    target: str,
) -> tuple[dict[str, list[str]], list[str]]:
    """Return what each net makes of a split's texts, by its name, and what was meant.

    speak: a net at rest, texts in the language `source` -> words in the language `target`.
    """
    kind = split.schema[target]
    assert isinstance(kind, Text)
    said: dict[str, list[str]] = {name: [] for name in nets}
    meant: list[str] = []
    with at_rest(nn.ModuleList(nets.values())) as device:
        for batch in split.batches(100).on(device):
            for name, net in nets.items():
                said[name] += [kind.restore(words) for words in speak(net, texts(batch, source))]
            meant += [kind.restore(words) for words in texts(batch, target)]
    return said, meant


def beam_search(
    step: Step, state: Tensor, *read: Tensor, width: int = 5, longest: int = 60
) -> list[Tensor]:
    """Return the likeliest texts that are found when the `width` best beginnings are kept.

    step: last words (M,), states (M, ...), and what was read, (M, ...) each -> log-likelihoods of
        the next words (M, V), new states; each text has `width` rows.
    state: (N, ...), before the first word. read: (N, ...) each, of the text that is translated.
    longest: words at most.
    Returns N tensors (T,), int64, without start and end: of the texts found, that with the highest
    log-likelihood a word, where the end counts as a word.
    """
    n, device = len(state), state.device
    state, *rest = [one.repeat_interleave(width, dim=0) for one in (state, *read)]
    first = width * torch.arange(n, device=device).unsqueeze(1)  # (N, 1): row of a text's best
    words = torch.full((n * width, 1), START, device=device)
    total = state.new_full((n, width), -torch.inf)
    total[:, 0] = 0.0  # all beginnings are alike
    ended = torch.zeros(n * width, dtype=torch.bool, device=device)
    for _ in range(longest):
        chances, state = step(words[:, -1], state, *rest)
        chances = chances.masked_fill(ended.unsqueeze(1), -torch.inf)
        chances[:, END] = chances[:, END].masked_fill(ended, 0.0)
        total, best = (total.view(-1, 1) + chances).view(n, -1).topk(width)
        rows = (first + best // chances.shape[1]).flatten()
        words = torch.cat([words[rows], (best % chances.shape[1]).view(-1, 1)], dim=1)
        state, ended = state[rows], ended[rows] | (words[:, -1] == END)
        if bool(ended.all()):
            break
    lengths = (words != END).sum(dim=1).view(n, width)  # the start stands for the end
    said = words[first[:, 0] + (total / lengths).argmax(dim=1), 1:]
    return [text[text != END] for text in said]


def exact(said: Sequence[str], meant: Sequence[str]) -> float:
    """Return the share of translations that are what was meant, to the letter."""
    return sum(map(str.__eq__, said, meant)) / max(1, len(meant))


def bleu(said: Sequence[str], meant: Sequence[str]) -> float:
    """Return the BLEU of translations, in [0, 100], with large and small letters told apart.

    said, meant: as many texts, whole and not cut into words.
    Raises DataError without the package sacrebleu.
    Source: Post 2018, arXiv:1804.08771: sacrebleu with its own words (13a).
    """
    _check_installed()
    from sacrebleu import corpus_bleu

    return float(corpus_bleu(list(said), [list(meant)]).score)


def alignment(net: nn.Module, split: Split, source: str, target: str) -> Tensor:
    """Return a picture (3, H, W) of where a net looks for each word of a split's first translation.

    net: texts, words before (N, T) -> anything, and the weights of the source's words (N, T, S).
    """
    batch = next(split.batches(1))
    before, words, _ = shifted(texts(batch, target))
    with at_rest(net) as device:
        weights = net(texts(batch, source).to(device), before.to(device))[1][0]  # (T, S)
    kinds = split.schema[target], split.schema[source]
    said, read = (
        [kind.restore(numbers[k : k + 1]).strip() for k in range(len(numbers))]
        for kind, numbers in zip(kinds, (words[0, :-1], texts(batch, source).values), strict=True)
        if isinstance(kind, Text)
    )
    return table(weights[:-1], said, read).pixels()


def texts(batch: Batch, field: str) -> Ragged:
    """Return a field of a batch that is known to be texts."""
    values = batch[field]
    assert isinstance(values, Ragged)
    return values


def _check_installed() -> None:
    if find_spec("sacrebleu") is None:
        raise DataError(
            "translate: the score of translations needs the package sacrebleu, which is not "
            "installed; install 'brique[text]'"
        )
