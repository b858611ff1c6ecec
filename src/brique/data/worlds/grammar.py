"""Sentences in English and, word for word by rules, in a kind of French.

Adjectives follow their noun, the last one first, and agree with it; so do articles; verbs agree
with the subject, and what is denied stands between "ne" and "pas".
"""

from collections.abc import Sequence

from brique.data.batch import Values
from brique.data.parts import Data, build
from brique.data.worlds.draws import Draws, chosen, drawn, numbered
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
_JOINTS = (("and", "et"), ("but", "mais"), ("because", "car"))
_PAIRS = len(_NOUNS) * len(_VERBS)  # of a subject and what it does

_ENGLISH = {
    *("the", "a", "some", "do", "does", "not"), *(word for word, _ in _JOINTS),
    *(word + s for word, *_ in (*_NOUNS, *_VERBS) for s in ("", "s")),
    *(word for word, _ in _ADJECTIVES),
}  # fmt: skip
_FRENCH = {
    *("le", "la", "les", "un", "une", "des", "ne", "pas"), *(word for _, word in _JOINTS),
    *(word + s for _, word, *_ in _NOUNS for s in ("", "s")),
    *(word + end for _, word in _ADJECTIVES for end in ("", "e", "s", "es")),
    *(word + end for _, word in _VERBS for end in ("", "nt")),
}  # fmt: skip
_WORDS = {"en": tuple(sorted(_ENGLISH)), "fr": tuple(sorted(_FRENCH))}
_KINDS: dict[str, Field] = {name: Text(words, lower=True) for name, words in _WORDS.items()}


def grammar(n: int = 4000, *, target: str | None = "fr", seed: int = 0) -> Data:
    """Return sentences of one or two clauses in English, `en`, and in a kind of French, `fr`.

    n: training examples; valid has a tenth as many, test a fifth.
    target: the language to be spoken, "fr" or "en"; None makes neither a target.
    Test differs: who does what in a clause ("queens eat") never goes together in train or valid.
    Raises DataError for another target.
    """
    targets = {"fr": ("en", "->", "fr"), "en": ("fr", "->", "en")}
    kinds, aims = chosen("grammar", _KINDS, targets, target)
    return build(drawn("grammar", _made, kinds, n=n, seed=seed, targets=aims))


def _made(draws: Draws) -> dict[str, Values]:
    pairs = [draws.owned(f"clause {k}", _PAIRS // 10).tolist() for k in range(2)]
    dice = [draws.uniform(f"parts {k}", 12).tolist() for k in range(2)]
    said: dict[str, list[list[str]]] = {name: [] for name in _WORDS}
    for k, joint in enumerate(draws.uniform("joint").tolist()):
        clauses = [_clause(pairs[i][k], dice[i][k]) for i in range(2)]
        between = _JOINTS[int((2 * joint - 1) * len(_JOINTS))] if joint >= 0.5 else None
        for place, language in enumerate(said):
            first, second = (clause[place] for clause in clauses)
            said[language].append([*first, between[place], *second] if between else first)
    return {name: numbered(texts, _WORDS[name]) for name, texts in said.items()}


def _clause(pair: int, dice: Sequence[float]) -> tuple[list[str], list[str]]:
    who, what = divmod(pair, len(_VERBS))
    (subject, sujet, many), (thing, chose, _) = (
        _phrase(who, dice[:5]), _phrase(int(dice[5] * len(_NOUNS)), dice[6:11])
    )  # fmt: skip
    verb, verbe = _VERBS[what]
    verbe += "nt" if many else ""
    if dice[11] < 0.3:
        do = "do" if many else "does"
        return [*subject, do, "not", verb, *thing], [*sujet, "ne", verbe, "pas", *chose]
    return [*subject, verb + ("" if many else "s"), *thing], [*sujet, verbe, *chose]


def _phrase(noun: int, dice: Sequence[float]) -> tuple[list[str], list[str], bool]:
    """Return an article, up to two adjectives and a noun, in both, and whether there are many."""
    name, nom, *feminine = _NOUNS[noun]
    first = int(dice[0] * len(_ADJECTIVES))
    second = first + 1 + int(dice[1] * (len(_ADJECTIVES) - 1))  # another one
    some = [_ADJECTIVES[k % len(_ADJECTIVES)] for k in (first, second)][: int(dice[2] * 3)]
    s, e = "s" if dice[3] < 0.5 else "", "e" if feminine else ""
    the, le = ("the", "les" if s else "la" if e else "le")
    if dice[4] < 0.5:
        the, le = ("some", "des") if s else ("a", "un" + e)
    en = [the, *(adjective for adjective, _ in some), name + s]
    fr = [le, nom + s, *(adjectif + e + s for _, adjectif in reversed(some))]
    return en, fr, bool(s)
