"""Default source language and tokenization for translation."""

from collections.abc import Sequence
from importlib.util import find_spec

from brique.data import Data
from brique.options import Options
from brique.schema import Text

_SOURCE_LANGUAGE = "en"  # the language that is read, where there are several


def translation_options(dataset: Data, options: Options) -> Options:
    """Return the options with what is chosen for texts in several languages.

    The source language is English if present, else the first that is no target; other languages are
    dropped. By default, texts are tokenized into subwords if the package is installed, so that no
    word is unknown.
    """
    schema = dataset.schema
    kinds = [schema[name] for name in (*schema.targets, *schema.inputs)]
    if len(schema.targets) != 1 or len(kinds) < 2 or not all(isinstance(k, Text) for k in kinds):
        return options
    names = schema.inputs
    source = _SOURCE_LANGUAGE if _SOURCE_LANGUAGE in names else names[0]
    others = [name for name in names if name != source]
    options = options.without(others) if others else options
    if options.unit is None and find_spec("tokenizers") is not None:
        options = options.replace(unit="subwords")
    return options


def describe_options(dataset: Data, columns: Sequence[str], *, tokenization: bool) -> str:
    """Return in words what was chosen.

    dataset: the data, opened so. columns: that are left out. cut: whether into subwords.
    """
    schema = dataset.schema
    unit = ", cut into subwords" if tokenization else ""
    omitted = f"; left out: {', '.join(columns)}" if columns else ""
    return f"{schema.inputs[0]} is translated to {schema.target}{unit}{omitted}."
