"""Tagging without a net: most frequent tags, and a linear model of a window of words."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from brique.data import Data, Ragged, Split
from brique.schema import Tags, Text
from brique.schema.texts import FIRST_ID

NAMES = {
    "majority": "most frequent tag",
    "word": "most frequent tag of each word",
    "word_or_suffix": "most frequent tag of each word or suffix",
    "window": "linear model of a five-word window",
}
"""Titles in sentences and tables."""

_MAX_WORDS = 400_000  # words that the linear model is fitted on
_MAX_RARE_COUNT = 2  # a word this rare stands for unknown words
_OFFSETS = (-2, -1, 0, 1, 2)  # words in the window of the linear model


def most_common(data: Data) -> Tensor:
    """Return the most frequent tag in train, int64; ties go to the first."""
    return torch.bincount(_values(data.train)[1]).argmax()


def most_frequent_tags(data: Data, split: Split) -> Mapping[str, Tensor]:
    """Return the most frequent tag in train of each word of a split (M,), by two methods.

    They differ in unknown words. "word": the most frequent tag of words that occur once or twice in
    train. "word_or_suffix": the most frequent tag of such words with the same suffix.
    Ties go to the first tag.
    """
    kind, tags = _fields(split)
    words, target = _values(data.train)
    split_words, _ = _values(split)
    tag_counts = torch.zeros(kind.num_embeddings, len(tags.names), dtype=torch.int64)
    tag_counts.index_put_((words, target), torch.ones_like(words), accumulate=True)
    word_counts = tag_counts.sum(dim=1)
    rare_words = ((word_counts > 0) & (word_counts <= _MAX_RARE_COUNT)).nonzero().flatten()
    rare_tag_counts = (
        tag_counts[rare_words].sum(dim=0) if len(rare_words) else tag_counts.sum(dim=0)
    )
    ending_counts = torch.zeros_like(tag_counts)
    fallback_ids = _fallback_ids(kind)
    ending_counts.index_add_(0, fallback_ids[rare_words], tag_counts[rare_words])
    by_word = tag_counts.argmax(dim=1)
    is_known = word_counts[split_words] > 0
    by_ending = torch.where(
        ending_counts.sum(dim=1) > 0, ending_counts.argmax(dim=1), rare_tag_counts.argmax()
    )
    return {
        "word": torch.where(is_known, by_word[split_words], rare_tag_counts.argmax()),
        "word_or_suffix": torch.where(
            is_known, by_word[split_words], by_ending[fallback_ids[split_words]]
        ),
    }


def window_model(data: Data, split: Split) -> Tensor:
    """Return the tags that a linear model predicts for the words of a split (M,).

    Features: the word, two neighbors on each side, and their suffixes. It is fitted by stochastic
    gradient descent on up to 400,000 words of train.
    Source: scikit-learn's SGDClassifier with the logistic loss, one model per class.
    """
    from sklearn.linear_model import SGDClassifier

    kind, _ = _fields(split)
    fallback_ids = _fallback_ids(kind).numpy()
    target = _values(data.train)[1]
    features, labels = _window_features(data.train, fallback_ids), target.numpy()
    rows = np.linspace(0, len(labels) - 1, min(len(labels), _MAX_WORDS)).astype(np.int64)
    if len(np.unique(labels[rows])) < 2:
        return torch.full_like(_values(split)[0], int(labels[0]))
    model = SGDClassifier(
        loss="log_loss", alpha=2e-6, max_iter=6, random_state=0,
        tol=None,  # pyright: ignore[reportArgumentType] - None: no early stopping
    )  # fmt: skip
    model.fit(features[rows], labels[rows])
    return torch.from_numpy(
        np.asarray(model.predict(_window_features(split, fallback_ids)), np.int64)
    )


def _window_features(split: Split, fallback_ids: np.ndarray):  # noqa: ANN202 - a matrix of scipy
    """Return a one-hot row for each word: the word, its neighbors and their suffixes."""
    from scipy.sparse import csr_matrix

    words, _ = _values(split)
    text = split[split.schema.inputs[0]]
    assert isinstance(text, Ragged)
    size = len(fallback_ids)
    text_of_word = torch.repeat_interleave(torch.arange(len(text)), text.lengths).numpy()
    numbers, positions = words.numpy(), np.arange(len(words))
    columns: list[np.ndarray] = []
    for offset in _OFFSETS:
        neighbor_positions = np.clip(positions + offset, 0, len(positions) - 1)
        is_inside = (positions + offset == neighbor_positions) & (
            text_of_word[neighbor_positions] == text_of_word
        )
        neighbors = np.where(
            is_inside, numbers[neighbor_positions], 1
        )  # the number of a start stands for an edge
        columns += [neighbors + size * len(columns)]
        columns += [np.where(is_inside, fallback_ids[neighbors], 1) + size * len(columns)]
    feature_ids = np.stack(columns, axis=1)
    rows = np.repeat(positions, feature_ids.shape[1])
    ones = np.ones(feature_ids.size, np.float32)
    return csr_matrix(
        (ones, (rows, feature_ids.ravel())), shape=(len(positions), size * feature_ids.shape[1])
    )


def _fields(split: Split) -> tuple[Text, Tags]:
    kind, tags = split.schema[split.schema.inputs[0]], split.schema[split.schema.target]
    assert isinstance(kind, Text)
    assert isinstance(tags, Tags)
    return kind, tags


def _values(split: Split) -> tuple[Tensor, Tensor]:
    """Return the words and tags (M,) of a split."""
    words, tags = split[split.schema.inputs[0]], split[split.schema.target]
    assert isinstance(words, Ragged)
    assert isinstance(tags, Ragged)
    return words.values, tags.values


def _fallback_ids(kind: Text) -> Tensor:
    """Return the id that each word would have if it were unknown (V,), int64."""
    ids = torch.arange(kind.num_embeddings)
    fallback_ids = [kind.fallback_id(token) for token in kind.vocabulary]
    ids[FIRST_ID : FIRST_ID + len(fallback_ids)] = torch.tensor(fallback_ids, dtype=torch.int64)
    return ids
