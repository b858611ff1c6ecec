"""Generated sentences in English and, word for word by rules, in a kind of French.

Adjectives follow their noun, the last one first, and agree with it; so do articles; verbs agree
with the subject, and what is denied stands between "ne" and "pas".
"""

import random

from brique.data import Data, arrays

NOUNS = """
    cat:chat dog:chien boy:garçon king:roi train:train book:livre garden:jardin wall:mur bag:sac
    road:chemin duck:canard lion:lion pig:cochon father:père brother:frère doctor:docteur
    car:voiture:f house:maison:f girl:fille:f queen:reine:f flower:fleur:f door:porte:f moon:lune:f
    song:chanson:f street:rue:f letter:lettre:f chair:chaise:f hand:main:f mother:mère:f
    frog:grenouille:f
"""
ADJECTIVES = """
    small:petit tall:grand green:vert black:noir strong:fort pretty:joli round:rond heavy:lourd
    blue:bleu nice:charmant loud:bruyant bright:brillant polite:poli hard:dur
"""
VERBS = """
    eat:mange find:trouve draw:dessine show:montre seek:cherche hide:cache break:casse keep:garde
    push:pousse pull:tire give:donne visit:visite count:compte leave:quitte
"""

_NOUNS, _ADJECTIVES, _VERBS = (words.split() for words in (NOUNS, ADJECTIVES, VERBS))


def sentences(n: int) -> Data:
    """Return n different pairs of texts `en` and `fr`, of one or two clauses; about 250 words.

    Test and validation have n / 60 each.
    """
    draw, pairs = random.Random(0), dict[str, str]()
    while len(pairs) < n:
        en, fr = _sentence(draw)
        pairs[en] = fr
    few = n // 60
    parts = ["test"] * few + ["valid"] * few + ["train"] * (n - 2 * few)
    return arrays(en=list(pairs), fr=list(pairs.values()), split=parts, name="grammar")


def _sentence(draw: random.Random) -> tuple[str, str]:
    en, fr = _clause(draw)
    if draw.random() < 0.5:
        and_, et = draw.choice([("and", "et"), ("but", "mais"), ("because", "car")])
        more, plus = _clause(draw)
        return f"{en} {and_} {more}", f"{fr} {et} {plus}"
    return en, fr


def _clause(draw: random.Random) -> tuple[str, str]:
    (subject, sujet, many), (thing, chose, _) = _phrase(draw), _phrase(draw)
    verb, verbe = draw.choice(_VERBS).split(":")
    verbe += "nt" if many else ""
    if draw.random() < 0.3:
        do = "do" if many else "does"
        return f"{subject} {do} not {verb} {thing}", f"{sujet} ne {verbe} pas {chose}"
    return f"{subject} {verb}{'' if many else 's'} {thing}", f"{sujet} {verbe} {chose}"


def _phrase(draw: random.Random) -> tuple[str, str, bool]:
    """Return an article, up to two adjectives and a noun, in both, and whether there are many."""
    noun, nom, *feminine = draw.choice(_NOUNS).split(":")
    some = [one.split(":") for one in draw.sample(_ADJECTIVES, draw.randrange(3))]
    s, e = draw.choice(["", "s"]), "e" if feminine else ""
    articles = [("the", "les"), ("some", "des")] if s else [("the", "la"), ("a", "une")]
    if not (s or e):
        articles = [("the", "le"), ("a", "un")]
    the, le = draw.choice(articles)
    en = [the, *(adjective for adjective, _ in some), noun + s]
    fr = [le, nom + s, *(adjectif + e + s for _, adjectif in reversed(some))]
    return " ".join(en), " ".join(fr), bool(s)
