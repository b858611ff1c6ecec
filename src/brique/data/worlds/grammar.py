"""Sentences in English and, word for word by rules, in a kind of French.

Adjectives follow their noun, the last one first, and agree with it; so do articles; verbs agree
with the subject, and negated verbs stand between "ne" and "pas".
"""

from collections.abc import Sequence

from brique.data.core.batch import Values
from brique.data.dataset import Data, build
from brique.data.worlds.draws import Draws, encode_texts, generate, select_fields
from brique.schema import Field, Text

_TEXTS = (  # English : French, f for feminine: things, what they are like, what they do
    """
    cat:chat dog:chien boy:garçon king:roi train:train book:livre garden:jardin wall:mur bag:sac
    road:chemin duck:canard lion:lion pig:cochon father:père brother:frère doctor:docteur pen:stylo
    car:voiture:f house:maison:f girl:fille:f queen:reine:f flower:fleur:f door:porte:f moon:lune:f
    song:chanson:f street:rue:f letter:lettre:f chair:chaise:f hand:main:f mother:mère:f
    """,
    """
    small:petit tall:grand green:vert black:noir strong:fort pretty:joli round:rond heavy:lourd
    blue:bleu nice:charmant loud:bruyant bright:brillant polite:poli hard:dur
    """,
    """
    eat:mange find:trouve draw:dessine show:montre seek:cherche hide:cache break:casse keep:garde
    clean:lave pull:tire give:donne visit:visite count:compte leave:quitte
    """,
)
WORD_LISTS = [[one.split(":") for one in words.split()] for words in _TEXTS]
_NOUNS, _ADJECTIVES, _VERBS = WORD_LISTS
_CONJUNCTIONS = (("and", "et"), ("but", "mais"), ("because", "car"))
_PAIRS = len(_NOUNS) * len(_VERBS)  # of a subject and what it does

_ENGLISH = {
    *("the", "a", "some", "do", "does", "not"), *(word for word, _ in _CONJUNCTIONS),
    *(word + s for word, *_ in (*_NOUNS, *_VERBS) for s in ("", "s")),
    *(word for word, _ in _ADJECTIVES),
}  # fmt: skip
_FRENCH = {
    *("le", "la", "les", "un", "une", "des", "ne", "pas"), *(word for _, word in _CONJUNCTIONS),
    *(word + s for _, word, *_ in _NOUNS for s in ("", "s")),
    *(word + end for _, word in _ADJECTIVES for end in ("", "e", "s", "es")),
    *(word + end for _, word in _VERBS for end in ("", "nt")),
}  # fmt: skip
_WORDS = {"en": tuple(sorted(_ENGLISH)), "fr": tuple(sorted(_FRENCH))}
_KINDS: dict[str, Field] = {name: Text(words, lower=True) for name, words in _WORDS.items()}


def grammar(n: int = 4000, *, target: str | None = "fr", seed: int = 0) -> Data:
    """Return sentences of one or two clauses in English, `en`, and in a kind of French, `fr`.

    n: training examples; valid has a tenth as many, test a fifth.
    target: the output language, "fr" or "en"; None makes neither a target.
    Test differs: its pairs of subject and verb ("queens eat") never occur in train or valid.
    Raises DataError for another target.
    """
    targets = {"fr": ("en", "->", "fr"), "en": ("fr", "->", "en")}
    kinds, target_names = select_fields("grammar", _KINDS, targets, target)
    return build(generate("grammar", _make_examples, kinds, n=n, seed=seed, targets=target_names))


def _make_examples(draws: Draws) -> dict[str, Values]:
    pair_numbers = [draws.part_integers(f"clause {k}", _PAIRS // 10).tolist() for k in range(2)]
    dice = [draws.uniform(f"parts {k}", 12).tolist() for k in range(2)]
    texts_of: dict[str, list[list[str]]] = {name: [] for name in _WORDS}
    for k, conjunction_draw in enumerate(draws.uniform("joint").tolist()):
        clauses = [_clause(pair_numbers[i][k], dice[i][k]) for i in range(2)]
        conjunction = (
            _CONJUNCTIONS[int((2 * conjunction_draw - 1) * len(_CONJUNCTIONS))]
            if conjunction_draw >= 0.5
            else None
        )
        for language_index, language in enumerate(texts_of):
            first, second = (clause[language_index] for clause in clauses)
            texts_of[language].append(
                [*first, conjunction[language_index], *second] if conjunction else first
            )
    return {name: encode_texts(texts, _WORDS[name]) for name, texts in texts_of.items()}


def _clause(pair: int, draws: Sequence[float]) -> tuple[list[str], list[str]]:
    subject_index, verb_index = divmod(pair, len(_VERBS))
    (subject, sujet, is_plural), (thing, chose, _) = (
        _phrase(subject_index, draws[:5]), _phrase(int(draws[5] * len(_NOUNS)), draws[6:11])
    )  # fmt: skip
    verb, verbe = _VERBS[verb_index]
    verbe += "nt" if is_plural else ""
    if draws[11] < 0.3:
        do = "do" if is_plural else "does"
        return [*subject, do, "not", verb, *thing], [*sujet, "ne", verbe, "pas", *chose]
    return [*subject, verb + ("" if is_plural else "s"), *thing], [*sujet, verbe, *chose]


def _phrase(noun: int, draws: Sequence[float]) -> tuple[list[str], list[str], bool]:
    """Return an article, up to two adjectives and a noun in both languages, and if it is plural."""
    name, nom, *feminine = _NOUNS[noun]
    first = int(draws[0] * len(_ADJECTIVES))
    second = first + 1 + int(draws[1] * (len(_ADJECTIVES) - 1))  # another one
    adjectives = [_ADJECTIVES[k % len(_ADJECTIVES)] for k in (first, second)][: int(draws[2] * 3)]
    s, e = "s" if draws[3] < 0.5 else "", "e" if feminine else ""
    the, le = ("the", "les" if s else "la" if e else "le")
    if draws[4] < 0.5:
        the, le = ("some", "des") if s else ("a", "un" + e)
    en = [the, *(adjective for adjective, _ in adjectives), name + s]
    fr = [le, nom + s, *(adjectif + e + s for _, adjectif in reversed(adjectives))]
    return en, fr, bool(s)
