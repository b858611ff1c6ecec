"""Missing values: how they are written, also by spreadsheets."""

MISSING = "missing"  # the class of a missing value
NA_VALUES = frozenset(  # in lowercase
    (
        "", "na", "n/a", "n.a.", "n.a", "<na>", "nan", "-nan", "nat", "null", "none", "?", "-", ".",
        "--", "#n/a", "#n/a n/a", "#div/0!", "#ref!", "#value!", "#name?", "#num!", "#null!", "#nv",
        "#wert!", "#bezug!", "#zahl!", "#valeur!", "#nombre!", "#nom?", "#valor!", "1.#ind",
        "-1.#ind", "1.#qnan",
    )
)  # fmt: skip


def is_missing(source: object) -> bool:
    """Return whether a value is missing: None, NaN, NaT, "", "NA", "?" ..."""
    if isinstance(source, str):
        return source.strip().casefold() in NA_VALUES
    if source is None or type(source).__name__ == "NAType":  # of pandas, which equals nothing
        return True
    if getattr(source, "shape", ()) != ():
        return False
    return bool(source != source)  # NaN and NaT, of whatever library
