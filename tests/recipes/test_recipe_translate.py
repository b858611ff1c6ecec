"""Translation: the search against all texts there are, words before and after, the grammar."""

import itertools
from importlib.util import find_spec

import pytest
import torch

from brique.data import Ragged, worlds
from brique.draw import table
from brique.errors import DataError, ShapeError
from brique.recipes.attention import translate
from brique.schema.texts import END, START
from brique.tasks import translate as task

WORDS = 6  # numbers 0 to 5, of which 2 is the end


def chain(seed):
    """Return the log-likelihoods of the next word after each, (6, 6)."""
    drawn = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(WORDS, WORDS, generator=drawn)).log_softmax(1)


def step(words, state, table):
    return table[torch.arange(len(words)), words], state + 1


def likeliest(chances, longest):
    """Return the best of all texts of up to `longest` words, their end included, by mean."""
    best, found = -torch.inf, None
    for length in range(1, longest + 1):
        for text in itertools.product([k for k in range(WORDS) if k != END], repeat=length - 1):
            path = [START, *text, END]
            mean = sum(chances[a, b] for a, b in itertools.pairwise(path)) / length
            if mean > best:
                best, found = mean, list(text)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_search_finds_the_likeliest_text(seed):
    chances = torch.stack([chain(seed), chain(seed + 10)])
    found = task.beam_search(step, torch.zeros(2, 1), chances, width=WORDS**3, longest=4)
    # all texts of up to 4 words compete there; those that have not ended count as they stand
    for said, one in zip(found, chances, strict=True):
        if len(said) < 4:
            assert said.tolist() == likeliest(one, 4)


def test_a_search_with_one_beginning_takes_the_best_word_each_time():
    one = chain(3)
    (said,) = task.beam_search(step, torch.zeros(1, 1), one[None], width=1, longest=9)
    path = [START]
    while path[-1] != END and len(path) < 10:
        path.append(int(one[path[-1]].argmax()))
    assert said.tolist() == [word for word in path[1:] if word != END]


def test_words_before_and_after_are_shifted_by_one():
    text = Ragged.of([torch.tensor([7, 8]), torch.tensor([9])])
    before, words, counts = task.shifted(text)
    assert before.tolist() == [[START, 7, 8], [START, 9, END]]
    assert words.tolist() == [[7, 8, END], [9, END, END]]
    assert counts.tolist() == [[True, True, True], [True, True, False]]


def nets(width=8):
    pairs = worlds.grammar(200)
    return pairs, translate.build(translate.Args(width=width), pairs.schema)


def test_a_text_is_read_alike_alone_and_among_longer_ones():
    pairs, both = nets()
    batch = next(pairs.train.batches(5))
    before, _, counts = task.shifted(batch.fr)
    for net in both.values():
        net.eval()
        told, shares = net(batch.en.rounded(8), before)
        for k in range(5):
            alone, share = net(batch.en[k : k + 1], before[k : k + 1, : counts[k].sum()])
            torch.testing.assert_close(told[k][counts[k]], alone[0])
            torch.testing.assert_close(shares[k][counts[k]][:, : share.shape[2]], share[0])


def test_attention_is_shared_out_and_the_plain_one_looks_at_one_place():
    pairs, both = nets()
    batch = next(pairs.train.batches(5))
    before, _, _ = task.shifted(batch.fr)
    shares = both["attention"](batch.en, before)[1]
    torch.testing.assert_close(shares.sum(2), torch.ones_like(shares[..., 0]))
    outside = ~batch.en.mask.unsqueeze(1).expand_as(shares)
    assert shares[outside].eq(0).all()
    assert both["plain"](batch.en, before)[1].eq(1).all()


def test_the_search_is_as_likely_as_the_net_says_when_it_is_taught_so():
    pairs, both = nets()
    net = both["attention"].eval()
    batch = next(pairs.test.batches(3))
    said = translate.spoken(net, batch.en)
    assert len(said) == 3

    def step(word, state, *read):
        told, state, _ = net.speak(word, state, *read)
        return net.say(told).log_softmax(1), state

    greedy = task.beam_search(step, *net.read(batch.en), width=1, longest=2 * batch.en.longest)

    def mean(k, words):
        before, after, _ = task.shifted(Ragged.of([words]))
        scores = net.say(net(batch.en[k : k + 1], before)[0]).log_softmax(2)
        return scores.gather(2, after.unsqueeze(2)).mean().item()

    for k in range(3):
        if len(said[k]) < 2 * batch.en.longest and len(greedy[k]) < 2 * batch.en.longest:
            assert mean(k, said[k]) >= mean(k, greedy[k]) - 1e-5


def test_exact_counts_texts_without_a_fault():
    assert task.exact(["a b", "c"], ["a b", "d"]) == 0.5


def test_bleu_is_sacrebleus_or_asks_for_it(monkeypatch):
    if find_spec("sacrebleu"):
        assert task.bleu(["Un homme dort ici ."], ["Un homme dort ici ."]) == pytest.approx(100)
        assert task.bleu(["un homme dort ici ."], ["Un homme dort ici ."]) < 100
    monkeypatch.setattr(task, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"needs the package sacrebleu.*install 'brique\[text\]'"):
        task.bleu(["a"], ["a"])


def test_a_table_needs_a_word_for_each_row_and_column():
    assert table(torch.eye(2), ["le", "chat"], ["the", "cat"]).pixels().shape == (3, 72, 168)
    with pytest.raises(ShapeError, match=r"values \(2, 2\) but 1 words of rows and 2 of columns"):
        table(torch.eye(2), ["le"], ["the", "cat"])
