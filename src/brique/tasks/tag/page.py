"""What a net that tags words said: its worst sentences, what it takes for what, and each tag."""

import torch
from torch import Tensor

from brique.data.column import Texts
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, ends_of, figure, name, percent, text
from brique.page.thumbnails import Gallery

_SENTENCES = 10  # that are shown
_WORDS = 60  # of a sentence
_PAIRS = 15  # of tags that are taken for each other
_TAGS = 60  # rows of the table


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the worst sentences, the commonest confusions, and how well each tag is found."""
    found = {key: facts.arrays.get(key) for key in ("ids", "offsets", "truth", "said", "sure")}
    if any(one is None or not len(one) for one in found.values()):
        return [Gap("Tags are not shown, since the answers are not stored.")]
    kept = {key: one for key, one in found.items() if one is not None}
    body = _entities(facts) + _unknown(facts) + _worst(facts, kept) + _confused(facts, kept)
    return [Section("mistakes", "Right and wrong", body), _tags(facts)]


def _entities(facts: Facts) -> str:
    """Return how well entities of each type are found, the hardest first."""
    types = (facts.values.get("entities") or {}).get("types") or {}
    rows = sorted((entry["f1"], key, entry) for key, entry in types.items() if entry["count"])
    if not rows:
        return ""
    lines = [
        f'<tr><th scope="row">{name(key or "entity", 30)}</th><td class="num">{one["count"]:,}</td>'
        f'<td class="num">{percent(one["f1"])}</td><td class="num">{percent(one["precision"])}</td>'
        f'<td class="num">{percent(one["recall"])}</td></tr>'
        for _, key, one in rows[:_TAGS]
    ]
    head = (
        '<thead><tr><th scope="col">entities</th><th scope="col" class="num">in test</th>'
        '<th scope="col" class="num">F1</th><th scope="col" class="num">precision</th>'
        '<th scope="col" class="num">recall</th></tr></thead>'
    )
    usual = facts.values["baseline"].get("majority") or {}
    says = (
        "An entity is found if its first word, its last and its type are right. That most words are"
        f" tagged rightly says little: always “{text(usual.get('answer', 'O'), 20)}” does so for"
        f" {percent(usual.get('accuracy'))} of them and finds no entity."
    )
    table = f"<table>{head}<tbody>{''.join(lines)}</tbody></table>"
    title = f"Hardest to find: {name(rows[0][1] or 'entity', 30)}"
    return figure(title, says, box("entities by type", table))


def _unknown(facts: Facts) -> str:
    """Say how well words are tagged that the training part does not have."""
    test, best = facts.values["test"], facts.values["comparison"]["best"]
    if test.get("unknown_accuracy") is None:
        return ""
    total, unknown = int(facts.values["words"]), int(facts.values["unknown"])
    other = facts.values["baseline"][best].get("unknown_accuracy")
    title = f"Of new words, {percent(test['unknown_accuracy'])} are tagged rightly"
    says = (
        f"{unknown:,} of {total:,} test words ({percent(unknown / total)}) are not in the training"
        " part. The net sees how they are written and end, and what stands around them; the best"
        f" simple method gets {percent(other)} of them right."
    )
    return figure(title, says, "")


def _worst(facts: Facts, found: dict[str, Tensor]) -> str:
    """Return the sentences in which the net was most often, and most surely, wrong."""
    names, offsets = facts.names, found["offsets"]
    is_wrong = found["truth"] != found["said"]
    owner = torch.repeat_interleave(torch.arange(len(found["ids"])), offsets.diff())
    cost = torch.zeros(len(found["ids"])).index_add_(0, owner, is_wrong * found["sure"].float())
    order = cost.argsort(descending=True, stable=True)[:_SENTENCES].tolist()
    rows: list[str] = []
    for place in order:
        if not float(cost[place]):
            break
        start, end = offsets[place : place + 2].tolist()
        words = _words(facts, int(found["ids"][place]), end - start)
        shown = [
            _word(word, names[int(found["said"][at])], names[int(found["truth"][at])])
            for word, at in zip(words[:_WORDS], range(start, end), strict=False)
        ]
        more = " …" if end - start > _WORDS else ""
        rows.append(f"<li><p>{' '.join(shown)}{more}</p></li>")
    wrong = int(is_wrong.sum())
    if not rows:
        return figure("No word is tagged wrongly", "There is nothing to show here.", "")
    title = f"{count(wrong, 'word')} of {len(is_wrong):,} are tagged wrongly"
    says = (
        "The test sentences with the most mistakes of which the net was sure. Words in color are"
        " wrong: below each stands what the net said, and what was meant."
    )
    return figure(title, says, f"<ul>{''.join(rows)}</ul>\n")


def _word(word: str, said: str, meant: str) -> str:
    if said == meant:
        return f"{text(word, 40)}<small>/{text(said, 20)}</small>"
    wrong = f'<b style="color:var(--bad)">{text(word, 40)}</b>'
    return f"{wrong}<small>/{text(said, 20)}, not {text(meant, 20)}</small>"


def _words(facts: Facts, number: int, length: int) -> list[str]:
    """Return the words of a sentence as they were written, or dots."""
    data = facts.data
    if data is None or data.source is None:
        return ["…"] * length
    column = data.source.fields[data.schema.inputs[0]]
    if not isinstance(column, Texts):
        return ["…"] * length
    return data.schema[data.schema.inputs[0]].pieces(column.texts[number])


def _confused(facts: Facts, found: dict[str, Tensor]) -> str:
    """Return which tags are most often taken for which."""
    names = facts.names
    size = len(names)
    counts = torch.bincount(found["truth"] * size + found["said"], minlength=size**2)
    totals = counts.view(size, size).sum(dim=1)
    counts.view(size, size).fill_diagonal_(0)
    order = [at for at in counts.argsort(descending=True, stable=True)[:_PAIRS].tolist()
             if counts[at]]  # fmt: skip
    if not order:
        return ""
    rows: list[str] = []
    for at in order:
        one, other = divmod(at, size)
        number = int(counts[at])
        rows.append(
            f'<tr><th scope="row">{name(names[one], 24)}</th><td>{name(names[other], 24)}</td>'
            f'<td class="num">{number:,}</td><td class="num">{percent(number / int(totals[one]))}'
            f"</td><td>{_examples(facts, found, one, other)}</td></tr>"
        )
    head = (
        '<thead><tr><th scope="col">is</th><th scope="col">taken for</th><th scope="col"'
        ' class="num">words</th><th scope="col" class="num">of its own</th><th scope="col">such as'
        "</th></tr></thead>"
    )
    one, other = (name(names[place], 24) for place in divmod(order[0], size))
    says = (
        "The tags that are most often taken for each other, with words of which the net was sure."
    )
    table = f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"
    return figure(f"Most often, {one} is taken for {other}", says, box("confusions", table))


def _examples(facts: Facts, found: dict[str, Tensor], one: int, other: int) -> str:
    """Return some words of a tag that are taken for another."""
    places = ((found["truth"] == one) & (found["said"] == other)).nonzero().flatten()
    places = places[found["sure"][places].argsort(descending=True, stable=True)][:4]
    words: list[str] = []
    for at in places.tolist():
        place = int(torch.searchsorted(found["offsets"], at, right=True)) - 1
        start, end = found["offsets"][place : place + 2].tolist()
        words.append(_words(facts, int(found["ids"][place]), end - start)[at - start])
    return ", ".join(name(word, 24) for word in dict.fromkeys(words))


def _tags(facts: Facts) -> Section | Gap:
    """Return recall and precision of each tag, the hardest first."""
    classes = facts.values.get("classes")
    if not isinstance(classes, dict):
        return Gap("The scores of each tag are not stored.")
    rows = [(key, entry) for key, entry in classes.items() if entry.get("recall") is not None]
    rows.sort(key=lambda row: row[1]["recall"])
    lows = [(ends_of(entry["interval"]) or (entry["recall"],))[0] for _, entry in rows]
    axis = chart.shares(float(min(lows)))
    lines: list[str] = []
    for key, entry in rows[:_TAGS]:
        ends = ends_of(entry["interval"])
        drawn = chart.strip(axis, entry["recall"], ends, "--ink-of:var(--accent)")
        lines.append(
            f'<tr><th scope="row">{name(key, 30)}</th><td class="num">{entry["count"]:,}</td>'
            f'<td class="strip">{drawn}</td><td class="num">{percent(entry["recall"])}</td>'
            f'<td class="num">{percent(entry.get("precision"))}</td></tr>'
        )
    head = (
        '<thead><tr><th scope="col">tag</th><th scope="col" class="num">words</th><th scope="col">'
        'recall</th><th scope="col" class="num">recall</th><th scope="col" class="num">precision'
        "</th></tr></thead>"
    )
    foot = (
        f"<tfoot><tr><td></td><td></td><td>{chart.scale(axis)}</td><td></td><td></td></tr></tfoot>"
    )
    table = f'<table class="strips classes">{head}<tbody>{"".join(lines)}</tbody>{foot}</table>'
    says = (
        "Recall is the share of a tag's words that are found, precision the share of the words that"
        " are given it which have it. The hardest stand first."
    )
    if len(rows) > _TAGS:
        says += f" {_TAGS} of {len(rows):,} tags are shown."
    body = figure(f"Hardest to find: {name(rows[0][0], 30)}", says, box("scores of tags", table))
    return Section("tags", "Each tag", body)
