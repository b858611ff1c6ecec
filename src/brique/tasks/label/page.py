"""What a net that answers several questions of classes said: each of them, and where it was off."""

from typing import Any

import torch
from torch import Tensor

from brique.page import chart, inputs
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, figures, name, percent, sure
from brique.page.thumbnails import Gallery
from brique.tasks.label.predict import YES

_WORST = 10  # examples that are listed
_NAMED = 4  # mistakes of each that are named


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return how well each target is answered, and the examples with the surest mistakes."""
    found = [facts.arrays.get(key) for key in ("ids", "truth", "probabilities")]
    if any(one is None or not len(one) for one in found):
        return [Gap("Answers are not shown, since they are not stored.")]
    ids, truth, chances = (one for one in found if one is not None)
    body = _each(facts.values) + _worst(facts, gallery, (ids, truth, chances))
    return [Section("mistakes", "The targets one by one", body)]


def _each(values: dict[str, Any]) -> str:
    """Return the scores of each target, the best first."""
    rows = sorted(values["each"].items(), key=lambda pair: -float(pair[1]["f1"]))
    axis = chart.shares(0.0, 1.0)
    lines = "".join(
        f'<tr><th scope="row">{name(key, 40)}</th><td class="strip">'
        f"{chart.strip(axis, float(row['f1']), None, '--ink-of:var(--accent)')}</td>"
        f'<td class="num">{percent(row["f1"])}</td><td class="num">{percent(row["accuracy"])}</td>'
        f'<td class="num">{percent(row["usual"])}</td>'
        f'<td class="num">{figures(row.get("auc"))}</td><td class="num">{_rarest(row)}</td></tr>'
        for key, row in rows
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">target</th><th scope="col">F1</th>'
        '<th scope="col" class="num">F1</th><th scope="col" class="num">right</th>'
        '<th scope="col" class="num">commonest</th><th scope="col" class="num">AUC</th>'
        '<th scope="col" class="num">bear it</th></tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td><td></td><td></td><td></td><td></td></tr></tfoot></table>\n"
    )
    says = (
        "F1 weighs what is found against what is said in vain, of a label that is borne or not that"
        " of bearing it. Right: the share of right answers, beside what always answering the"
        " commonest class would reach; a label that few bear is mostly right, and its F1 says more."
    )
    if len(rows) == 1:
        return figure(f"{name(rows[0][0])} is known", says, box("scores of each target", table))
    title = f"Best known is {name(rows[0][0])}, least {name(rows[-1][0])}"
    return figure(title, says, box("scores of each target", table))


def _rarest(row: dict[str, Any]) -> str:
    """Return how many test examples bear a label; of other classes how many of them there are."""
    counts = row["count"]
    return f"{counts[YES[1]]:,}" if tuple(counts) == YES else count(len(counts), "class", "classes")


def _worst(facts: Facts, gallery: Gallery, found: tuple[Tensor, Tensor, Tensor]) -> str:
    """Return the examples with the most wrong answers, of equal ones the surest."""
    ids, truth, chances = found
    classes: dict[str, list[str]] = facts.values["classes"]
    each = chances.split([len(names) for names in classes.values()], dim=1)
    answer = torch.stack([some.argmax(dim=1) for some in each], dim=1)
    wrong = answer != truth
    if not bool(wrong.any()):
        return figure("No answer is wrong", "Every answer on the test part is right.", "")
    surest = torch.stack([some.amax(dim=1) for some in each], dim=1) * wrong
    order = (wrong.sum(dim=1) + 0.5 * surest.amax(dim=1)).argsort(descending=True, stable=True)
    rows = [
        (int(ids[row]), [_told(classes, truth[row], answer[row], [one[row] for one in each])])
        for row in order[:_WORST].tolist()
        if bool(wrong[row].any())
    ]
    table = inputs.table(facts, gallery, "mistakes", ["what is wrong"], rows)
    often = int(wrong.any(dim=1).sum())
    says = (
        "The examples with the most wrong answers, of equal ones those where the net was surest."
        " Look whether the truth is right."
    )
    title = f"{count(often, 'test example')} {'has' if often == 1 else 'have'} a wrong answer"
    return figure(title, says, table)


def _told(
    classes: dict[str, list[str]], truth: Tensor, answer: Tensor, chances: list[Tensor]
) -> str:
    """Return the wrong answers of one example, the surest first."""
    wrong: list[tuple[float, str]] = []
    for place, (target, names) in enumerate(classes.items()):
        one, other = int(truth[place]), int(answer[place])
        if one != other:
            share = float(chances[place][other])
            says = f"{name(target, 32)}: <b>{name(names[one], 24)}</b> taken for"
            wrong.append((share, f"{says} <b>{name(names[other], 24)}</b> ({sure(share)} sure)"))
    wrong.sort(key=lambda pair: -pair[0])
    more = f"<br>and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return "<br>".join(told for _, told in wrong[:_NAMED]) + more
