"""What a net that answers several questions of classes is trained by, and what it says."""

from dataclasses import dataclass

from torch import Tensor, nn

from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.categories import probabilities
from brique.inference import inputs
from brique.schema import Category, Schema

YES = ("no", "yes")  # the classes of a label that is borne or not


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one input: for each target a class by name, and how likely each is."""

    answer: dict[str, str]
    probabilities: dict[str, dict[str, float]]
    note: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return {"answer": {target: name}, "probabilities": {target: {name: share}}}."""
        return {"answer": self.answer, "probabilities": self.probabilities}

    def cells(self) -> dict[str, object]:
        """Return the class of each target, and its probability; of a label, that it is borne."""
        row: dict[str, object] = {}
        for target, name in self.answer.items():
            chances = self.probabilities[target]
            of = YES[1] if tuple(chances) == YES else name
            row |= {target: name, f"p({target})": chances[of]}
        return row

    def said(self) -> tuple[str, str]:
        """Return the labels that are borne, and the classes of other targets; not how sure."""
        told = [
            target if name == YES[1] else f"{target}: {name}"
            for target, name in self.answer.items()
            if tuple(self.probabilities[target]) != YES or name == YES[1]
        ]
        return ", ".join(told) or "none", ""


def kinds(schema: Schema) -> list[Category]:
    """Return the targets of a schema, all of them classes."""
    found = [schema[name] for name in schema.targets]
    return [kind for kind in found if isinstance(kind, Category)]


def by_target(scores: Tensor, schema: Schema) -> list[Tensor]:
    """Return the scores of each target (N, K of it), from those of all side by side (N, K).

    Raises ShapeError where they are fewer or more.
    """
    sizes = [len(kind.names) for kind in kinds(schema)]
    if scores.ndim != 2 or scores.shape[1] != sum(sizes):
        raise ShapeError(
            f"label: scores have shape {tuple(scores.shape)} but the targets have {sum(sizes)}"
            f" classes in all; pass scores (N, {sum(sizes)})."
        )
    return list(scores.split(sizes, dim=1))


def answers(scores: Tensor, schema: Schema) -> list[Answer]:
    """Return an Answer for each row of scores; of equal scores the first class wins.

    scores: (N, K), on any device. Raises ShapeError as `by_target` does.
    """
    shares = [probabilities(some).tolist() for some in by_target(scores, schema)]
    named = list(zip(schema.targets, kinds(schema), shares, strict=True))
    found: list[Answer] = []
    for row in range(len(scores)):
        each = {target: share[row] for target, _, share in named}
        found.append(
            Answer(
                answer={
                    target: kind.names[each[target].index(max(each[target]))]
                    for target, kind, _ in named
                },
                probabilities={
                    target: dict(zip(kind.names, each[target], strict=True))
                    for target, kind, _ in named
                },
            )
        )
    return found


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `answers` does."""
    return answers(net(inputs(batch, schema, net)).float(), schema)
