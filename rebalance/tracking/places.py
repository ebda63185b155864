"""Where runs are recorded, whether that is reachable, and a lock for creating the database."""

import os
import sqlite3
from contextlib import closing, contextmanager
from http.client import HTTPException
from importlib import util
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from rebalance.errors import InputError, one_line, redacted
from rebalance.tracking import patience
from rebalance.tracking.patience import AwayError

LOCK_SECONDS = 120  # the first use of a database takes 2 seconds, every other less
LOCKED_SECONDS = 20  # that a program may write
HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
SQLITE = "sqlite:///"


def address():
    """Return where runs go: MLFLOW_TRACKING_URI, or mlflow.db at the root of the repository."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip() or f"{SQLITE}mlflow.db"
    if not uri.startswith(SQLITE):
        return uri
    # `dvc exp run --temp` works in a clone that is deleted; DVC_ROOT is the real repository.
    root = Path(os.environ.get("DVC_ROOT") or Path.cwd()).absolute()
    return SQLITE + (root / uri.removeprefix(SQLITE)).as_posix()


def database(uri):
    """Return the file of an address in SQLite, None for any other."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def is_server(uri):
    """Tell whether an address is that of a tracking server."""
    return uri.startswith(("http://", "https://"))


def artifact_location(uri, experiment):
    """Return where the artifacts of an experiment belong, None where a server decides."""
    if is_server(uri):
        return None
    file = database(uri)
    folder = file.parent if file else Path.cwd()
    return f"{folder.as_uri()}/mlartifacts/{quote(experiment, safe='')}"


def without_password(uri):
    """Return the address of a server as a browser takes it.

    >>> without_password("http://me:secret@localhost:5000/")
    'http://localhost:5000'
    """
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def shown():
    """Return `address` as people may see it: without a password."""
    return redacted(address())


def check(experiment):
    """Raise `InputError` where a run could not be recorded; nothing is imported for it.

    It is an `AwayError` where the address is right and its server does not answer.
    """
    if not experiment.strip() or experiment == "Default":
        raise InputError(f"tracking.experiment must name an experiment, got {experiment!r}.")
    uri = address()
    if is_server(uri):
        _check_server(uri)
    elif file := database(uri):
        _check_database(file)
        if moved := moved_from(uri, experiment):
            raise InputError(
                f"{file} says that the artifacts of its runs lie below {moved}, and they lie "
                f"below {file.parent}; after moving a repository type 'rebalance doctor --move' "
                "to correct that."
            )
    elif "://" not in uri or uri.startswith("file:"):
        raise InputError(
            f"MLFLOW_TRACKING_URI is the folder {redacted(uri)!r}, where MLflow no longer keeps "
            "runs; unset it to use mlflow.db, or write sqlite:///FILE."
        )


def _check_server(uri):
    try:
        urlsplit(uri).port  # noqa: B018 raises where it is none
    except ValueError:
        raise InputError(
            "MLFLOW_TRACKING_URI must be http://HOST:PORT or https://HOST; its port is no number. "
            "In a password write %2F for a slash, or set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD."
        ) from None
    bare = without_password(uri)
    try:
        seconds = patience.of_an_answer()
        problem = patience.within(seconds, lambda: _problem(bare, seconds), bare)
    except AwayError:
        problem = f"does not answer within {seconds:g} s"
    if problem:
        raise AwayError(
            f"MLFLOW_TRACKING_URI: the server {bare} {problem}; start it, or unset "
            "MLFLOW_TRACKING_URI to record into mlflow.db."
        )


def _problem(bare, seconds):
    """Return what is wrong with a server, None where it answers."""
    import ssl
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    context = ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"1", "true"}:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        request = Request(f"{bare}/health")  # noqa: S310 - the scheme is http or https
        with urlopen(request, timeout=seconds, context=context) as answer:  # noqa: S310 - as above
            answer.read()
    except HTTPError as error:
        # Refused without credentials is an answer too: MLflow itself will bring them.
        return None if error.code < 500 else f"answers {error.code}"
    except (HTTPException, URLError, OSError, ValueError) as error:
        reason = one_line(getattr(error, "reason", error)) or type(error).__name__
        return f"does not answer ({redacted(reason)})"
    return None


def _check_database(file):
    """Raise `InputError` where a file is no database of this MLflow, before MLflow says so late."""
    if not file.exists() or not file.stat().st_size:
        return
    known = Path(util.find_spec("mlflow").origin).parent / "store" / "db_migrations" / "versions"
    versions = (
        rows(file, "SELECT version_num FROM alembic_version")
        if "alembic_version" in tables(file)
        else []
    )
    if unknown := [version for (version,) in versions if not any(known.glob(f"{version}_*.py"))]:
        raise InputError(
            f"{file} was upgraded by a newer MLflow (schema {unknown[0]}) than the one installed; "
            "use that one, or move the file away to start a new history."
        )


def tables(file):
    """Return the names of the tables of a database, none where the file is absent or empty."""
    if not file.exists() or not file.stat().st_size:
        return set()
    return {name for (name,) in rows(file, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def rows(file, query, values=()):
    """Return what a query of a database answers.

    Raises `AwayError` where another program holds the database, and `InputError` where it is
    damaged, or is none.
    """
    try:
        try:
            return _answer(file, "ro", query, values)
        except sqlite3.OperationalError as error:
            # A process was killed while it wrote: SQLite takes back what it did, by writing.
            if _kind(error) != sqlite3.SQLITE_READONLY:
                raise
            return _answer(file, "rw", query, values)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if _kind(error) in HELD:
            raise AwayError(f"{file} is held by another program ({one_line(error)}).") from error
        raise InputError(
            f"{file} cannot be read as MLflow's database ({one_line(error)}); restore it, or move "
            "it away: 'rebalance sync' then records what dvc.lock holds in a new one."
        ) from error


def _answer(file, mode, query, values):
    address = f"{file.as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=LOCKED_SECONDS)) as base:
        return base.execute(query, values).fetchall()


def _kind(error):
    """Return the kind of an error of SQLite, which is the lowest byte of its code."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def moved_from(uri, experiment):
    """Return the folder in which the database was when the experiment was made, if it moved."""
    file, wanted = database(uri), artifact_location(uri, experiment)
    if not file or "experiments" not in tables(file):
        return ""
    query = "SELECT artifact_location FROM experiments WHERE name = ?"
    known = rows(file, query, (experiment,))
    inside = "/mlartifacts/" + wanted.rpartition("/")[2]
    if not known or known[0][0] == wanted or not str(known[0][0]).endswith(inside):
        return ""
    return unquote(known[0][0].removesuffix(inside).removeprefix("file://"))


@contextmanager
def alone(uri):
    """Let one process at a time open a database: two that create its tables break each other."""
    file = database(uri)
    if file is None:
        yield
        return
    from filelock import FileLock, Timeout

    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.with_name(f"{file.name}.lock")
    try:
        with FileLock(lock, timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise InputError(f"{lock} is held by another process for {LOCK_SECONDS} s.") from error
