"""What tags words without a net: their commonest tags, and a linear model of their neighbors."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from brique.data import Data, Ragged, Split
from brique.schema import Tags, Text
from brique.schema.texts import FIRST

NAMES = {
    "majority": "always answering the commonest class",
    "usual": "the commonest tag of each word",
    "endings": "the commonest tag of each word, or of its ending",
    "window": "a linear model of each word and its neighbors",
}
"""What the methods are called in a sentence."""

_MOST = 400_000  # words that the linear model is fitted on
_RARE = 2  # times that a word comes at most by which unknown ones are told
_NEAR = (-2, -1, 0, 1, 2)  # neighbors that the linear model sees


def commonest(data: Data) -> Tensor:
    """Return the commonest tag of the words of train, int64; of equal ones the first."""
    return torch.bincount(_values(data.train)[1]).argmax()


def usual(data: Data, split: Split) -> Mapping[str, Tensor]:
    """Return what each word's commonest tag is, by two ways to tell those of unknown words (M,).

    "usual": an unknown word gets the commonest tag of words that come once or twice in train;
    "endings": the commonest of those with its ending.
    Ties go to the tag that is named first.
    """
    kind, tags = _kinds(split)
    words, truth = _values(data.train)
    asked, _ = _values(split)
    table = torch.zeros(kind.size, len(tags.names), dtype=torch.int64)
    table.index_put_((words, truth), torch.ones_like(words), accumulate=True)
    times = table.sum(dim=1)
    rare = ((times > 0) & (times <= _RARE)).nonzero().flatten()
    common = table[rare].sum(dim=0) if len(rare) else table.sum(dim=0)
    ends = torch.zeros_like(table)
    stand_in = _stand_ins(kind)
    ends.index_add_(0, stand_in[rare], table[rare])
    by_word = table.argmax(dim=1)
    is_known = times[asked] > 0
    by_end = torch.where(ends.sum(dim=1) > 0, ends.argmax(dim=1), common.argmax())
    return {
        "usual": torch.where(is_known, by_word[asked], common.argmax()),
        "endings": torch.where(is_known, by_word[asked], by_end[stand_in[asked]]),
    }


def window(data: Data, split: Split) -> Tensor:
    """Return what a linear model says of each word, from it, its ending and two on each side (M,).

    Fitted by stochastic gradient descent on up to 400,000 words of train.
    Source: scikit-learn's SGDClassifier with the logistic loss, a model for each class.
    """
    from sklearn.linear_model import SGDClassifier

    kind, _ = _kinds(split)
    stand_in = _stand_ins(kind).numpy()
    truth = _values(data.train)[1]
    learnt, known = _design(data.train, stand_in), truth.numpy()
    some = np.linspace(0, len(known) - 1, min(len(known), _MOST)).astype(np.int64)
    if len(np.unique(known[some])) < 2:
        return torch.full_like(_values(split)[0], int(known[0]))
    model = SGDClassifier(
        loss="log_loss", alpha=2e-6, max_iter=6, random_state=0,
        tol=None,  # pyright: ignore[reportArgumentType] - it may be None: all of the passes
    )  # fmt: skip
    model.fit(learnt[some], known[some])
    return torch.from_numpy(np.asarray(model.predict(_design(split, stand_in)), np.int64))


def _design(split: Split, stand_in: np.ndarray):  # noqa: ANN202 - a matrix of scipy
    """Return a row for each word, with marks for it, its neighbors and their endings."""
    from scipy.sparse import csr_matrix

    words, _ = _values(split)
    text = split[split.schema.inputs[0]]
    assert isinstance(text, Ragged)
    size = len(stand_in)
    owner = torch.repeat_interleave(torch.arange(len(text)), text.lengths).numpy()
    numbers, place = words.numpy(), np.arange(len(words))
    columns: list[np.ndarray] = []
    for step in _NEAR:
        at = np.clip(place + step, 0, len(place) - 1)
        inside = (place + step == at) & (owner[at] == owner)
        near = np.where(inside, numbers[at], 1)  # the number of a start stands for an edge
        columns += [near + size * len(columns)]
        columns += [np.where(inside, stand_in[near], 1) + size * len(columns)]
    cells = np.stack(columns, axis=1)
    rows = np.repeat(place, cells.shape[1])
    ones = np.ones(cells.size, np.float32)
    return csr_matrix((ones, (rows, cells.ravel())), shape=(len(place), size * cells.shape[1]))


def _kinds(split: Split) -> tuple[Text, Tags]:
    kind, tags = split.schema[split.schema.inputs[0]], split.schema[split.schema.target]
    assert isinstance(kind, Text)
    assert isinstance(tags, Tags)
    return kind, tags


def _values(split: Split) -> tuple[Tensor, Tensor]:
    """Return words and tags (M,) of a part."""
    words, tags = split[split.schema.inputs[0]], split[split.schema.target]
    assert isinstance(words, Ragged)
    assert isinstance(tags, Ragged)
    return words.values, tags.values


def _stand_ins(kind: Text) -> Tensor:
    """Return the number that each word would have if it were unknown (V,), int64."""
    found = torch.arange(kind.size)
    ends = [kind.stand_in(piece) for piece in kind.vocabulary]
    found[FIRST : FIRST + len(ends)] = torch.tensor(ends, dtype=torch.int64)
    return found
