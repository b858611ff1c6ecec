"""Translation: beam search against all texts, teacher forcing, attention, the metrics."""

import itertools
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

from brique.data import Data, Ragged, worlds
from brique.draw import heatmap
from brique.errors import ShapeError
from brique.recipes.attention import translate
from brique.recipes.attention.translate import Seq2Seq
from brique.schema.texts import END_ID, START_ID
from brique.tasks.translate import decoding as task

WORDS = 6  # numbers 0 to 5, of which 2 is END


def chain(seed: int) -> Tensor:
    """Return the log-probabilities of the next word after each, (6, 6)."""
    rng = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(WORDS, WORDS, generator=rng)).log_softmax(1)


def step(words: Tensor, state: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    return table[torch.arange(len(words)), words], state + 1


def most_likely(scores: Tensor, longest: int) -> list[int] | None:
    """Return the best of all texts of up to `longest` words, END included, by mean."""
    best, found = -torch.inf, None
    for length in range(1, longest + 1):
        for text in itertools.product([k for k in range(WORDS) if k != END_ID], repeat=length - 1):
            path = [START_ID, *text, END_ID]
            mean = sum(float(scores[a, b]) for a, b in itertools.pairwise(path)) / length
            if mean > best:
                best, found = mean, list(text)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_search_finds_the_most_likely_text(seed: int):
    scores = torch.stack([chain(seed), chain(seed + 10)])
    found = task.beam_search(step, torch.zeros(2, 1), scores, width=WORDS**3, max_length=4)
    # all texts of up to 4 words compete there; those without END count as they stand
    for text, one in zip(found, scores, strict=True):
        if len(text) < 4:
            assert text.tolist() == most_likely(one, 4)


def test_a_search_of_width_one_is_greedy():
    one = chain(3)
    (text,) = task.beam_search(step, torch.zeros(1, 1), one[None], width=1, max_length=9)
    path = [START_ID]
    while path[-1] != END_ID and len(path) < 10:
        path.append(int(one[path[-1]].argmax()))
    assert text.tolist() == [word for word in path[1:] if word != END_ID]


def test_previous_words_are_shifted_by_one():
    text = Ragged.of([torch.tensor([7, 8]), torch.tensor([9])])
    previous, words, mask = task.teacher_forcing(text)
    assert previous.tolist() == [[START_ID, 7, 8], [START_ID, 9, END_ID]]
    assert words.tolist() == [[7, 8, END_ID], [9, END_ID, END_ID]]
    assert mask.tolist() == [[True, True, True], [True, True, False]]


def nets(width: int = 8) -> tuple[Data, dict[str, Seq2Seq]]:
    pairs = worlds.grammar(200)
    return pairs, translate.build(translate.Args(width=width), pairs.schema)


def test_a_text_is_encoded_alike_alone_and_among_longer_ones():
    pairs, both = nets()
    batch = next(pairs.train.batches(5))
    previous, _, mask = task.teacher_forcing(batch.fr)
    for net in both.values():
        net.eval()
        hidden, attention = net(batch.en.rounded(8), previous)
        for k in range(5):
            alone, weights = net(batch.en[k : k + 1], previous[k : k + 1, : mask[k].sum()])
            torch.testing.assert_close(hidden[k][mask[k]], alone[0])
            torch.testing.assert_close(attention[k][mask[k]][:, : weights.shape[2]], weights[0])


def test_attention_sums_to_one_and_the_plain_net_attends_to_one_vector():
    pairs, both = nets()
    batch = next(pairs.train.batches(5))
    previous, _, _ = task.teacher_forcing(batch.fr)
    attention = both["attention"](batch.en, previous)[1]
    torch.testing.assert_close(attention.sum(2), torch.ones_like(attention[..., 0]))
    padding = ~batch.en.mask.unsqueeze(1).expand_as(attention)
    assert attention[padding].eq(0).all()
    assert both["plain"](batch.en, previous)[1].eq(1).all()


def test_beam_search_is_at_least_as_likely_as_greedy_search_under_teacher_forcing():
    pairs, both = nets()
    net = both["attention"].eval()
    batch = next(pairs.test.batches(3))
    found = translate.search(net, batch.en)
    assert len(found) == 3

    def step(word: Tensor, state: Tensor, *encoded: Tensor) -> tuple[Tensor, Tensor]:
        hidden, state, _ = net.decode_step(word, state, *encoded)
        return net.output(hidden).log_softmax(1), state

    greedy = task.beam_search(step, *net.encode(batch.en), width=1, max_length=2 * batch.en.longest)

    def mean(k: int, words: Tensor) -> float:
        previous, after, _ = task.teacher_forcing(Ragged.of([words]))
        scores = net.output(net(batch.en[k : k + 1], previous)[0]).log_softmax(2)
        return scores.gather(2, after.unsqueeze(2)).mean().item()

    for k in range(3):
        if len(found[k]) < 2 * batch.en.longest and len(greedy[k]) < 2 * batch.en.longest:
            assert mean(k, found[k]) >= mean(k, greedy[k]) - 1e-5


def test_exact_match_counts_equal_texts():
    assert translate.exact_match(["a b", "c"], ["a b", "d"]) == 0.5


def test_bleu_is_sacrebleus():
    said = ["Un homme dort ici .", "un chien court .", "L'homme a-t-il 3.5 euros ?"]
    meant = ["Un homme dort ici .", "Un chien court vite .", "L'homme a-t-il 3,5 euros ?"]
    assert translate.bleu(said[:1], meant[:1]) == pytest.approx(100)
    assert translate.bleu(["un homme dort ici ."], meant[:1]) < 100
    if find_spec("sacrebleu"):
        from sacrebleu import corpus_bleu

        assert translate.bleu(said, meant) == pytest.approx(corpus_bleu(said, [meant]).score)


def test_a_table_needs_a_word_for_each_row_and_column():
    assert heatmap(torch.eye(2), ["le", "chat"], ["the", "cat"]).pixels().shape == (3, 72, 168)
    with pytest.raises(ShapeError, match=r"values \(2, 2\) but 1 labels of rows and 2 of columns"):
        heatmap(torch.eye(2), ["le"], ["the", "cat"])
