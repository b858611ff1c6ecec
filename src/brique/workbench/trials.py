"""The trials of a search: optuna's study in a database, that of the folder or one that was named.

What a folder says of a database is never opened: only the folder's own file, looked at before, or
the database that a person named now.
"""

import errno
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from brique import keys, reader
from brique.errors import DataError, RunError, UsageError, is_limited, refused, unwritten
from brique.stopping import resuming

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.samplers import TPESampler
    from optuna.trial import FrozenTrial
    from sqlalchemy.engine import URL

DATABASE = "tune.db"  # SQLite in the folder of a search
_BESIDE = ("", "-journal", "-wal", "-shm")  # endings of the files that SQLite opens for it
_NAMES_ANOTHER = bytes.fromhex("d9d505f920a163d7")  # ends a journal that names a file to remove
_LIMIT = 1 << 30  # bytes
_ERRNOS = {"FULL": errno.ENOSPC, "READONLY": errno.EROFS, "CANTOPEN": errno.EACCES}
_DRAW = keys.word("tune")


def check_installed() -> None:
    """Raise DataError without optuna."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise DataError("tune: needs the package optuna; install 'brique[tune]'")


def named(storage: str | None) -> str | None:
    """Return a database as tune.json names it: a file by its whole path, a password as ***.

    Raises UsageError where it is no URL.
    """
    if storage is None:
        return None
    return _url(storage).render_as_string(hide_password=True)


def flag(kept: str | None) -> str:
    """Return what a command must say beside the folder to go on with a search."""
    return "" if kept is None else f" --storage {shlex.quote(kept)}"


def agreed(folder: Path, kept: str | None, given: str | None) -> str | None:
    """Return the database that a search goes on in; None is the folder's own.

    kept: as tune.json names it. given: by a person. Raises RunError where they differ.
    """
    if kept == named(given):
        return None if given is None else _url(given).render_as_string(hide_password=False)
    if kept is None:
        raise RunError(
            f"{folder}: keeps its search in its own {DATABASE}, not in {named(given)}; leave"
            " --storage out."
        )
    raise RunError(
        f"{folder}: keeps its search in another database, which is not opened because a folder says"
        f" so; if that is yours, '{resuming(folder)}{flag(kept)}' goes on."
    )


def check_reached(storage: str | None) -> None:
    """Raise StoreError where the database that a person named cannot be opened."""
    from sqlalchemy import create_engine

    if storage is not None:
        with database(Path(), storage, ImportError):
            create_engine(_url(storage)).connect().close()


def study(folder: Path, storage: str | None) -> "Study":
    """Return the study of a search, made or found.

    storage: as `agreed` returns it. Raises RunError where it cannot be opened.
    """
    import optuna
    from sqlalchemy.engine import URL

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    place = storage
    if place is None:
        _check_own(folder)
        own = URL.create("sqlite", database=str((folder / DATABASE).resolve()))
        place = own.render_as_string(hide_password=False)
    with database(folder, storage, ImportError, RuntimeError, ValueError):
        return optuna.create_study(
            storage=place,
            study_name="search" if storage is None else str(folder.resolve()),
            direction="maximize",
            load_if_exists=True,
        )


@contextmanager
def database(folder: Path, storage: str | None, *more: type[Exception]) -> Iterator[None]:
    """Say in one sentence that a database refuses. Raises StoreError.

    more: what else stands for that.
    """
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OptunaError, SQLAlchemyError, *more) as error:
        where = folder / DATABASE if storage is None else named(storage)
        cause = error.__cause__ if isinstance(error, OptunaError) else None
        cause = cause or error
        cause = getattr(cause, "orig", None) or cause
        if storage is None and (number := _number(cause)):
            raise refused("write", folder / DATABASE, OSError(number, "")) from error
        said = str(cause).splitlines()[0].rstrip(".")
        raise unwritten(
            f"{where}: the database of the search cannot be used ({said})", "database fails",
            "make it reachable" if storage else "remove it where it is damaged", "",
        ) from error  # fmt: skip


def _number(error: BaseException) -> int:
    """Return the number of the system's error that SQLite stands for, or 0."""
    name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
    if name.startswith("IOERR") and is_limited():
        return errno.EFBIG
    return _ERRNOS.get(name, 0)


def again(study: "Study", stopped: "FrozenTrial") -> "Trial":
    """Return a trial that was stopped, perhaps before all that it tries was chosen."""
    from optuna.trial import Trial

    return Trial(study, stopped._trial_id)  # pyright: ignore[reportPrivateUsage]


def sampler(seed: int, number: int) -> "TPESampler":
    """Return what proposes a trial: a search that was stopped proposes what it would have."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=keys.mix(seed, _DRAW, number) >> 31, n_startup_trials=6)  # 32 bits


def _url(storage: str) -> "URL":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(storage)
    except ArgumentError as error:
        raise UsageError(
            f"--storage {storage}: is no URL of a database; pass one, such as sqlite:///search.db."
        ) from error
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(database=str(Path(url.database).absolute()))
    return url


def _check_own(folder: Path) -> None:
    """Raise RunError where opening the folder's database would open or remove another file."""
    for ending in _BESIDE:
        path = folder / f"{DATABASE}{ending}"
        if not path.exists() and not path.is_symlink():
            continue
        said = reader.fault(path, folder, limit=_LIMIT)
        if said is None and ending == "-journal" and _ends_so(path):
            said = "names another file"
        if said is not None:
            raise RunError(
                f"{path}: {said}; remove it: what was tried is read again from the trials' folders."
            )


def _ends_so(journal: Path) -> bool:
    return reader.read(journal, limit=_LIMIT).endswith(_NAMES_ANOTHER)
