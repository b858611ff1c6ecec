"""A schema: the named fields of a data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from brique.errors import DataError
from brique.schema.json_fields import Field, field_from_json, json_object, json_strings
from brique.schema.messages import alternatives


@dataclass(frozen=True)
class Schema:
    """The fields of a data set by name, and the targets among them.

    >>> schema = Schema({"label": Category(("cat", "dog"))}, targets=("label",))
    >>> schema["label"].prepare("dog")
    1
    """

    fields: Mapping[str, Field]
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))
        for name in self.targets:
            if name not in self.fields:
                raise DataError(
                    f"schema: the target '{name}' is not a field{alternatives(name, self.fields)}"
                )
        if len(set(self.targets)) != len(self.targets):
            raise DataError(f"schema: a target is listed twice in {self.targets}; list it once")

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the reader knows the kind
        if name in self.fields:
            return self.fields[name]
        raise DataError(f"schema: no field '{name}'{alternatives(name, self.fields)}")

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the fields that are not targets."""
        return tuple(name for name in self.fields if name not in self.targets)

    @property
    def target(self) -> str:
        """Name of the only target. Raises DataError if there is none, or more than one."""
        if len(self.targets) == 1:
            return self.targets[0]
        actual = ", ".join(self.targets) or "none"
        raise DataError(f"schema: expected one target, got {actual}; name the field to predict")

    def require(self, name: str, kinds: Mapping[str, type[Field]]) -> None:
        """Raise DataError unless there is a field of each name and kind.

        name: of the data set. kinds: by name of the field, such as {"image": Picture}.
        """
        if not all(
            isinstance(self.fields.get(field_name), kind) for field_name, kind in kinds.items()
        ):
            expected = ", ".join(
                f"{field_name} ({kind.kind})" for field_name, kind in kinds.items()
            )
            actual = [f"{field_name} ({field.kind})" for field_name, field in self.fields.items()]
            suffix = f", ... ({len(actual)} in all)" if len(actual) > 6 else ""
            raise DataError(
                f"{name}: expected the fields {expected}, got {', '.join(actual[:6])}{suffix};"
                " choose data that have them"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON values, the form of model.json."""
        fields = {name: field.to_json() for name, field in self.fields.items()}
        return {"fields": fields, "targets": list(self.targets)}

    @classmethod
    def from_json(cls, value: object) -> "Schema":
        """Return the schema that `to_json` wrote. Raises DataError on anything else."""
        entry = json_object(value, "schema", {"fields", "targets"})
        fields = json_object(entry.get("fields"), "schema: fields", None)
        targets = json_strings(entry.get("targets"), "schema: targets")
        return cls({name: field_from_json(name, field) for name, field in fields.items()}, targets)
