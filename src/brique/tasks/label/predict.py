"""Predictions of a net with several class targets."""

from dataclasses import dataclass

from torch import Tensor, nn

from brique.data import Batch
from brique.errors import ShapeError
from brique.evaluation.categories import probabilities
from brique.inference import net_inputs
from brique.schema import Category, Schema

BINARY_NAMES = ("no", "yes")  # the classes of a label


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The predicted class of each target by name, and the probability of each class."""

    answer: dict[str, str]
    probabilities: dict[str, dict[str, float]]
    note: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return {"answer": {target: name}, "probabilities": {target: {name: probability}}}."""
        return {"answer": self.answer, "probabilities": self.probabilities}

    def cells(self) -> dict[str, object]:
        """Return the class of each target and its probability; for a label, that of yes."""
        row: dict[str, object] = {}
        for target, name in self.answer.items():
            class_probabilities = self.probabilities[target]
            class_name = BINARY_NAMES[1] if tuple(class_probabilities) == BINARY_NAMES else name
            row |= {target: name, f"p({target})": class_probabilities[class_name]}
        return row

    def summary(self) -> tuple[str, str]:
        """Return the predicted labels, and the classes of other targets; no confidence."""
        texts = [
            target if name == BINARY_NAMES[1] else f"{target}: {name}"
            for target, name in self.answer.items()
            if tuple(self.probabilities[target]) != BINARY_NAMES or name == BINARY_NAMES[1]
        ]
        return ", ".join(texts) or "none", ""


def target_fields(schema: Schema) -> list[Category]:
    """Return the target fields of a schema."""
    fields = [schema[name] for name in schema.targets]
    return [field for field in fields if isinstance(field, Category)]


def split_by_target(scores: Tensor, schema: Schema) -> list[Tensor]:
    """Return the scores of each target, split from the concatenated scores (N, K).

    Raises ShapeError for another K.
    """
    sizes = [len(field.names) for field in target_fields(schema)]
    if scores.ndim != 2 or scores.shape[1] != sum(sizes):
        raise ShapeError(
            f"label: scores have shape {tuple(scores.shape)} but the targets have {sum(sizes)}"
            f" classes in total; pass scores (N, {sum(sizes)})."
        )
    return list(scores.split(sizes, dim=1))


def predictions(scores: Tensor, schema: Schema) -> list[Answer]:
    """Return the prediction of each row of scores; of equal scores the first class wins.

    scores: (N, K), on any device. Raises ShapeError as `split_by_target` does.
    """
    target_probabilities = [
        probabilities(target_scores).tolist() for target_scores in split_by_target(scores, schema)
    ]
    targets = list(zip(schema.targets, target_fields(schema), target_probabilities, strict=True))
    items: list[Answer] = []
    for row in range(len(scores)):
        row_probabilities = {target: values[row] for target, _, values in targets}
        items.append(
            Answer(
                answer={
                    target: field.names[
                        row_probabilities[target].index(max(row_probabilities[target]))
                    ]
                    for target, field, _ in targets
                },
                probabilities={
                    target: dict(zip(field.names, row_probabilities[target], strict=True))
                    for target, field, _ in targets
                },
            )
        )
    return items


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return the prediction of each example. Raises ShapeError as `predictions` does."""
    return predictions(net(net_inputs(batch, schema, net)).float(), schema)
