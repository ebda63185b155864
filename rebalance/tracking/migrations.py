"""MLflow's database in SQLite, made or migrated as a whole.

MLflow makes its tables by a hundred migrations, and SQLite takes back none of them: a process that
is killed meanwhile would leave a database that no MLflow can use. So they run on a copy.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from rebalance import store
from rebalance.errors import InputError, one_line
from rebalance.tracking import places


def complete(uri):
    """Give the database at an address the tables that this MLflow wants; other addresses wait.

    Raises `InputError` where it cannot be done, as with one that was half migrated before; what it
    holds stays as it is. One without a run is made anew.
    """
    file = places.database(uri)
    if file is None:
        return
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH as ROOT
    from mlflow.store.tracking import sqlalchemy_store  # it defines the tables
    from sqlalchemy.exc import SQLAlchemyError

    known = places.tables(file)
    if known >= {*Base.metadata.tables}:
        return

    def make(copied):
        with store.temporary_folder() as folder:
            made = Path(folder, file.name).absolute()
            if copied:
                _copy(file, made)
            address = f"{places.SQLITE}{made.as_posix()}"
            sqlalchemy_store.SqlAlchemyStore(address, ROOT).engine.dispose()
            if known:
                # Into the file: it may be a link, have rights of its own, or be open elsewhere.
                _copy(made, file)
            else:
                with store.replacing(file) as partial:
                    shutil.copyfile(made, partial)

    try:
        make(copied=bool(known))
    except SQLAlchemyError as error:
        if not known:
            raise
        if "runs" in known and places.rows(file, "SELECT 1 FROM runs LIMIT 1"):
            reason = one_line(getattr(error, "orig", None) or error)
            raise InputError(
                f"{file} lacks tables of this MLflow, which cannot make them ({reason}): a process "
                "was killed while it made them; restore the file, or move it away: 'rebalance "
                "sync' then records what dvc.lock holds in a new one."
            ) from error
        make(copied=False)


def _copy(file, there):
    """Copy a database with what other processes wrote until now; all of it, or nothing.

    Raises `InputError` where another program holds either file, or the disk is full.
    """

    def refuse_held(status, _left, _pages):
        if status in places.HELD:
            raise sqlite3.OperationalError("it is held by another program")

    try:
        with (
            closing(sqlite3.connect(file, timeout=places.LOCKED_SECONDS)) as source,
            closing(sqlite3.connect(there, timeout=places.LOCKED_SECONDS)) as target,
        ):
            source.backup(target, progress=refuse_held)
    except sqlite3.Error as error:
        raise InputError(
            f"{there} cannot be written from {file} ({one_line(error)}), and is as it was; make "
            "room, or end what holds it, and run again."
        ) from error
