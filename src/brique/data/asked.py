"""Asked: what a caller of `brique.data.open` says beside the source."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from brique.errors import DataError

Size = int | tuple[int, int]
SIGNS = ("point", "comma")  # before decimals


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Options of `brique.data.open`; None is what was not said. There they are described."""

    target: str | None = None
    header: bool | None = None
    sheet: str | None = None
    test: str | None = None
    size: Size | None = None
    channels: int | None = None
    types: Mapping[str, str] | None = None
    rename: Mapping[str, str] | None = None
    group: str | None = None
    time: str | None = None
    names: str | None = None
    length: int | None = None
    ahead: int | None = None
    unit: str | None = None
    lower: bool | None = None
    decimal: str | None = None
    whole: bool = False

    def given(self) -> dict[str, object]:
        """Return the options that were said, by name."""
        names = (each.name for each in fields(self) if each.name != "whole")
        pairs = ((name, getattr(self, name)) for name in names)
        return {name: value for name, value in pairs if value is not None}

    def check(self, name: str, kind: str, uses: frozenset[str]) -> None:
        """Raise DataError for an option that means nothing for a kind of source."""
        for option in self.given():
            if option not in uses:
                known = ", ".join(f"--{one}" for one in sorted(uses)) or "no options"
                raise DataError(
                    f"{name}: --{option} means nothing for {kind}, which know {known}; leave it"
                    " out, or say which kind of data these are (--kind)"
                )

    def chosen(self) -> tuple[str, frozenset[str]] | None:
        """Return column and values of test="COLUMN=VALUE,VALUE"; None if test is a path, or unsaid.

        Raises DataError where either side of the sign is empty.
        """
        if self.test is None or "=" not in self.test or Path(self.test).exists():
            return None
        column, _, listed = self.test.partition("=")
        values = frozenset(value.strip() for value in listed.split(",") if value.strip())
        if not column.strip() or not values:
            raise DataError(
                f"test: expected a path or COLUMN=VALUE,VALUE, got '{self.test}'; write it so"
            )
        return column.strip(), values

    def columns(self) -> list[str]:
        """Return the columns that are named, not numbered: a header must have them."""
        chosen = self.chosen()
        listed = ",".join(filter(None, (self.target, self.group, self.time)))
        names = [*listed.split(","), *(self.types or ()), *(chosen[:1] if chosen else ())]
        return [name.strip() for name in names if name.strip() and not name.strip().isdecimal()]

    def renamed(self, label: str) -> str:
        """Return a class's name after `rename`."""
        return (self.rename or {}).get(label, label)
