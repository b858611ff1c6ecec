"""Which of several languages is translated, and into what its texts are cut."""

from importlib.util import find_spec

from brique import data
from brique.data import Data
from brique.data.said import spelled
from brique.schema import Text

_FIRST = "en"  # the language that is read, where there are several


def chosen(found: Data, said: tuple[str, ...]) -> tuple[str, ...]:
    """Return what must be said of texts in several languages beside `said`; () for other data.

    Of the languages that are not the target one is read, English if it is there, else the first;
    the others are left out. Texts are cut into subwords where the package for it is installed and
    nothing else was said: to them no word is unknown.
    """
    schema = found.schema
    kinds = [schema[name] for name in (*schema.targets, *schema.inputs)]
    if len(schema.targets) != 1 or len(kinds) < 2 or not all(isinstance(k, Text) for k in kinds):
        return ()
    names = schema.inputs
    read = _FIRST if _FIRST in names else names[0]
    more = spelled({"types": {name: "leave" for name in names if name != read}})
    if "unit" not in data.options(said) and find_spec("tokenizers") is not None:
        more = (*more, "unit=subwords")
    return more


def told(found: Data, more: tuple[str, ...]) -> str:
    """Return in words what was chosen; found: the data, opened so."""
    schema, options = found.schema, data.options(more)
    cut = ", cut into subwords" if "unit" in options else ""
    left = "; left out: " + ", ".join(options["types"]) if options.get("types") else ""
    return f"{schema.inputs[0]} is translated to {schema.target}{cut}{left}."
