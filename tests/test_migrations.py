"""MLflow's database is made and migrated as a whole: a kill meanwhile costs no run.

MLflow's migrations, which take seconds, are a stand-in here; ``benchmarks.faults --part runs``
kills the real ones.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.store.db.base_sql_model import Base
from mlflow.store.tracking import sqlalchemy_store
from sqlalchemy.exc import OperationalError

from rebalance.errors import InputError
from rebalance.tracking import migrations, places


class Killed(BaseException):
    """The end of a process."""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path / "mlflow.db"


def execute(file, *statements):
    with closing(sqlite3.connect(file)) as base, base:
        return [base.execute(statement).fetchall() for statement in statements]


def migrating(monkeypatch, behave):
    """Put a stand-in in the place of MLflow's store; it gets the file that it is to migrate."""
    calls = []

    def store(address, _root):
        calls.append(Path(address.removeprefix(places.SQLITE)))
        behave(calls[-1], len(calls))
        return SimpleNamespace(engine=SimpleNamespace(dispose=lambda: None))

    monkeypatch.setattr(sqlalchemy_store, "SqlAlchemyStore", store)
    return calls


def whole(file):
    execute(file, *(f"CREATE TABLE IF NOT EXISTS {name} (x)" for name in Base.metadata.tables))


def test_a_process_that_is_killed_while_it_makes_the_database_leaves_none(file, monkeypatch):
    def behave(made, number):
        execute(made, "CREATE TABLE runs (x)")
        if number == 1:
            raise Killed
        whole(made)

    calls = migrating(monkeypatch, behave)
    with pytest.raises(Killed):
        migrations.complete(places.address())
    assert not file.exists()
    migrations.complete(places.address())
    assert places.tables(file) >= {*Base.metadata.tables}
    migrations.complete(places.address())
    assert len(calls) == 2


def test_a_database_of_an_earlier_mlflow_is_migrated_as_a_copy(file, monkeypatch):
    execute(file, "CREATE TABLE runs (x)", "INSERT INTO runs VALUES ('a run')")

    def behave(made, number):
        assert execute(made, "SELECT x FROM runs") == [[("a run",)]]
        execute(made, "CREATE TABLE metrics (x)")
        if number == 1:
            raise Killed
        whole(made)

    migrating(monkeypatch, behave)
    with pytest.raises(Killed):
        migrations.complete(places.address())
    assert places.tables(file) == {"runs"}
    migrations.complete(places.address())
    assert places.tables(file) >= {*Base.metadata.tables}
    assert execute(file, "SELECT x FROM runs") == [[("a run",)]]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_migrated_database_is_the_same_file_also_while_another_program_has_it_open(
    file, monkeypatch, mode
):
    there = file.with_name("shared.db")
    file.symlink_to(there)
    execute(there, f"PRAGMA journal_mode = {mode}", "CREATE TABLE runs (x)")
    there.chmod(0o660)
    migrating(monkeypatch, lambda made, _: whole(made))
    with closing(sqlite3.connect(there)) as page:
        page.execute("INSERT INTO runs VALUES ('a run')")
        page.commit()
        migrations.complete(places.address())
        assert page.execute("SELECT x FROM runs").fetchall() == [("a run",)]
        page.execute("INSERT INTO runs VALUES ('another')")
        page.commit()
    assert file.is_symlink()
    assert there.stat().st_mode & 0o777 == 0o660
    assert places.tables(file) >= {*Base.metadata.tables}
    found = execute(file, "PRAGMA integrity_check", "SELECT x FROM runs")
    assert found == [[("ok",)], [("a run",), ("another",)]]


def test_a_database_that_is_held_or_has_no_room_is_a_line_and_stays_as_it_was(file, monkeypatch):
    execute(file, "CREATE TABLE runs (x)", "INSERT INTO runs VALUES ('a run')")
    monkeypatch.setattr(places, "LOCKED_SECONDS", 0.01)

    with closing(sqlite3.connect(file)) as page:

        def hold(made, _):
            whole(made)
            page.execute("BEGIN IMMEDIATE")

        migrating(monkeypatch, hold)
        with pytest.raises(InputError, match=r"mlflow\.db cannot be written .*held by another"):
            migrations.complete(places.address())
        page.rollback()
    migrating(monkeypatch, lambda made, _: whole(made))
    real = sqlite3.connect

    class Full(sqlite3.Connection):
        def backup(self, target, **options):
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, **{"factory": Full} | k))
    with pytest.raises(InputError, match=r"cannot be written .*\(database or disk is full\)"):
        migrations.complete(places.address())
    monkeypatch.undo()
    assert execute(file, "SELECT x FROM runs") == [[("a run",)]]
    assert places.tables(file) == {"runs"}


def refusing(made, number):
    if places.tables(made):
        raise OperationalError("ALTER ...", {}, sqlite3.OperationalError("duplicate column"))
    whole(made)


def test_a_half_migrated_database_with_runs_is_a_line_and_one_without_is_made_anew(
    file, monkeypatch
):
    execute(file, "CREATE TABLE runs (x)", "INSERT INTO runs VALUES ('a run')")
    migrating(monkeypatch, refusing)
    with pytest.raises(InputError, match=r"mlflow\.db lacks tables of .*\(duplicate column\).*"):
        migrations.complete(places.address())
    assert execute(file, "SELECT x FROM runs") == [[("a run",)]]
    execute(file, "DELETE FROM runs")
    migrations.complete(places.address())
    assert places.tables(file) >= {*Base.metadata.tables}


def test_a_server_makes_its_own_database(file, monkeypatch):
    migrating(monkeypatch, lambda *_: pytest.fail("it was asked"))
    for address in ("http://127.0.0.1:9", "postgresql://me@host/base"):
        migrations.complete(address)
    assert not file.exists()
