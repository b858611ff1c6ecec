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
from brique.errors import DataError, RunError, UsageError, disk_error, has_size_limit, store_error
from brique.interrupts import resume_command

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.samplers import TPESampler
    from optuna.trial import FrozenTrial
    from sqlalchemy.engine import URL

DATABASE = "tune.db"  # SQLite in the folder of a search
_SQLITE_SUFFIXES = ("", "-journal", "-wal", "-shm")  # endings of the files that SQLite opens for it
_SUPER_JOURNAL_MAGIC = bytes.fromhex(
    "d9d505f920a163d7"
)  # ends a journal that names a file to remove
_MAX_BYTES = 1 << 30  # bytes
_ERRNOS = {"FULL": errno.ENOSPC, "READONLY": errno.EROFS, "CANTOPEN": errno.EACCES}
_KEY = keys.text_key("tune")


def check_installed() -> None:
    """Raise DataError without optuna."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise DataError("tune: needs the package optuna; install 'brique[tune]'")


def masked_url(storage: str | None) -> str | None:
    """Return a database as tune.json names it: a file by its whole path, a password as ***.

    Raises UsageError where it is no URL.
    """
    if storage is None:
        return None
    return _parse_url(storage).render_as_string(hide_password=True)


def storage_flag(recorded: str | None) -> str:
    """Return what a command must say beside the folder to go on with a search."""
    return "" if recorded is None else f" --storage {shlex.quote(recorded)}"


def resolve_storage(folder: Path, recorded: str | None, storage: str | None) -> str | None:
    """Return the database that a search goes on in; None is the folder's own.

    recorded: as tune.json names it. given: by a person. Raises RunError where they differ.
    """
    if recorded == masked_url(storage):
        return (
            None if storage is None else _parse_url(storage).render_as_string(hide_password=False)
        )
    if recorded is None:
        raise RunError(
            f"{folder}: keeps its search in its own {DATABASE}, not in {masked_url(storage)}; leave"
            " --storage out."
        )
    raise RunError(
        f"{folder}: keeps its search in another database, which is not opened because a folder says"
        f" so; if that is yours, '{resume_command(folder)}{storage_flag(recorded)}' goes on."
    )


def check_connection(storage: str | None) -> None:
    """Raise StoreError where the database that a person named cannot be opened."""
    from sqlalchemy import create_engine

    if storage is not None:
        with storage_errors(Path(), storage, ImportError):
            create_engine(_parse_url(storage)).connect().close()


def open_study(folder: Path, storage: str | None) -> "Study":
    """Return the study of a search, made or found.

    storage: as `agreed` returns it. Raises RunError where it cannot be opened.
    """
    import optuna
    from sqlalchemy.engine import URL

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = storage
    if url is None:
        _check_database_files(folder)
        sqlite_url = URL.create("sqlite", database=str((folder / DATABASE).resolve()))
        url = sqlite_url.render_as_string(hide_password=False)
    with storage_errors(folder, storage, ImportError, RuntimeError, ValueError):
        return optuna.create_study(
            storage=url,
            study_name="search" if storage is None else str(folder.resolve()),
            direction="maximize",
            load_if_exists=True,
        )


@contextmanager
def storage_errors(
    folder: Path, storage: str | None, *exceptions: type[Exception]
) -> Iterator[None]:
    """Say in one sentence that a database refuses. Raises StoreError.

    exceptions: what else stands for that.
    """
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OptunaError, SQLAlchemyError, *exceptions) as error:
        location = folder / DATABASE if storage is None else masked_url(storage)
        cause = error.__cause__ if isinstance(error, OptunaError) else None
        cause = cause or error
        cause = getattr(cause, "orig", None) or cause
        if storage is None and (error_number := _error_number(cause)):
            raise disk_error("write", folder / DATABASE, OSError(error_number, "")) from error
        message = str(cause).splitlines()[0].rstrip(".")
        raise store_error(
            f"{location}: the database of the search cannot be used ({message})", "database fails",
            "make it reachable" if storage else "remove it where it is damaged", "",
        ) from error  # fmt: skip


def _error_number(error: BaseException) -> int:
    """Return the number of the system's error that SQLite stands for, or 0."""
    name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_")
    if name.startswith("IOERR") and has_size_limit():
        return errno.EFBIG
    return _ERRNOS.get(name, 0)


def reopen_trial(study: "Study", frozen: "FrozenTrial") -> "Trial":
    """Return a trial that was stopped, perhaps before all that it tries was chosen."""
    from optuna.trial import Trial

    return Trial(study, frozen._trial_id)  # pyright: ignore[reportPrivateUsage]


def make_sampler(seed: int, number: int) -> "TPESampler":
    """Return what proposes a trial: a search that was stopped proposes what it would have."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=keys.mix(seed, _KEY, number) >> 31, n_startup_trials=6)  # 32 bits


def _parse_url(storage: str) -> "URL":
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


def _check_database_files(folder: Path) -> None:
    """Raise RunError where opening the folder's database would open or remove another file."""
    for suffix in _SQLITE_SUFFIXES:
        path = folder / f"{DATABASE}{suffix}"
        if not path.exists() and not path.is_symlink():
            continue
        problem = reader.unreadable_reason(path, folder, limit=_MAX_BYTES)
        if problem is None and suffix == "-journal" and _names_super_journal(path):
            problem = "names another file"
        if problem is not None:
            raise RunError(
                f"{path}: {problem}; remove it: the trials are read again from their folders."
            )


def _names_super_journal(journal: Path) -> bool:
    return reader.read(journal, limit=_MAX_BYTES).endswith(_SUPER_JOURNAL_MAGIC)
