"""The checks of chapter 09."""

import asyncio
import builtins
import importlib
import importlib.util
import itertools
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy import ForeignKey, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, OperationalError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateTable
from sqlalchemy.util import await_only

from coursekit.testing import answer, client_for, expect_equal, expect_status, raises_async, told

NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)
TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)
DELHI = timezone(timedelta(hours=5, minutes=30))


def sqlite_url(driver: str = "sqlite+aiosqlite") -> str:
    """A new, empty database file."""
    return f"{driver}:///{tempfile.mkdtemp(prefix='db-')}/checks.sqlite3"


def checked_engine() -> sa.Engine:
    """An empty database whose foreign keys count."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    return engine


ROW = {
    "name": "Teapot",
    "name_folded": "teapot",
    "description": None,
    "price": 2400,
    "quantity": 3,
    "owner_id": None,
    "created_at": "2026-01-01 09:00:00.000000",
    "updated_at": "2026-01-01 09:00:00.000000",
    "version": 1,
}
ACCOUNT_ROW = {
    "key": "k1",
    "email": "ada@example.com",
    "full_name": "Ada",
    "role": "user",
    "is_active": 1,
    "hashed_password": "x",
    "created_at": "2026-01-01 09:00:00.000000",
    "token_generation": 0,
}


@contextmanager
def storing(sent: str) -> Iterator[None]:
    """What the database refuses inside is told in its sentence, without the statement."""
    try:
        yield
    except DBAPIError as error:
        raise AssertionError(told(sent, "stored", f"refused ({error.orig})")) from None


def fate(connection: sa.Connection, table: str, row: dict[str, Any]) -> str:
    """What the database does with this row: "stored", or "refused" with its reason."""
    try:
        with connection.begin_nested():
            _insert(connection, table, row)
    except IntegrityError as error:
        return f"refused ({error.orig})"
    return "stored"


def insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> int:
    """Insert a row past SQLAlchemy's classes and return its id."""
    with storing(f"a row of {table}"):
        return _insert(connection, table, row)


def _insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> int:
    columns = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    try:
        done = connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)
    except OperationalError as error:
        raise AssertionError(told(f"a row of {table} with all its columns", "stored", str(error.orig))) from None
    return int(done.lastrowid)


def expect_fate(connection: sa.Connection, row: dict[str, Any], expected: str, sent: str) -> None:
    """Assert that the database stores this row of items, or that it refuses it."""
    got = fate(connection, "items", row)
    assert got.startswith(expected), told(sent, expected, got)


@pytest.fixture
def tables() -> Iterator[sa.Connection]:
    """A connection to a database with the tables of the answer."""
    with checked_engine().connect() as connection:
        answer.Base.metadata.create_all(connection)
        yield connection


def item_row(leave_out: str = "", **values: Any) -> Any:
    given = {"name": "Teapot", "price": Decimal("24.00"), "quantity": 3, "created_at": NINE, "updated_at": NINE}
    return answer.ItemRow(**{name: value for name, value in (given | values).items() if name != leave_out})


OLD_ITEMS = """CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, name_folded TEXT NOT NULL DEFAULT '', description TEXT,
    price INTEGER NOT NULL, quantity INTEGER NOT NULL, owner_id INTEGER, created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL, version INTEGER NOT NULL)"""


@pytest.mark.exercise("9.1")
class TestRows:
    def test_nothing_is_refused(self, tables):
        """A column that may not be empty refuses NULL; description and owner_id take it."""
        for name in ROW:
            expected = "stored" if name in ("description", "owner_id") else "refused"
            expect_fate(tables, ROW | {name: None}, expected, f"a row with {name} = NULL")

    def test_defaults(self, tables):
        """name_folded and version have their defaults, no other column has one, and none changes by itself."""
        without = {name: value for name, value in ROW.items() if name != "name_folded"}
        expect_fate(tables, without, "stored", "a row without name_folded")
        got = tables.scalar(sa.text("SELECT name_folded FROM items"))
        expect_equal(got, "", "a row without name_folded: its value")
        with sa.create_engine("sqlite://", poolclass=sa.StaticPool).connect() as old:
            old.execute(sa.text(OLD_ITEMS))
            with Session(old) as session:
                session.add(item_row())
                try:
                    session.commit()
                except IntegrityError:
                    sent = "ItemRow without version, in a table whose version has no default of the database's"
                    raise AssertionError(told(sent, "stored with version 1", "refused")) from None
            expect_equal(old.scalar(sa.text("SELECT version FROM items")), 1, "ItemRow without version: its version")
        for name in ("name", "price", "quantity", "created_at", "updated_at"):
            with Session(tables) as session:
                session.add(item_row(leave_out=name))
                try:
                    session.flush()
                except IntegrityError:
                    continue
                raise AssertionError(told(f"ItemRow without {name}", "refused", "stored"))
        tables.execute(sa.text("DELETE FROM items"))
        insert(tables, "items", ROW)
        with Session(tables) as session:
            row = session.scalars(sa.select(answer.ItemRow)).one()
            row.description = "new"
            session.flush()
        changed = tables.execute(sa.text("SELECT * FROM items")).mappings().one()
        expected = ROW | {"description": "new"}
        for name, value in expected.items():
            expect_equal(changed[name], value, f"description changed: {name} afterwards")

    def test_amounts(self, tables):
        """price and quantity may be 0 and not less; the rules are called ck_items_price and ck_items_quantity."""
        for name in ("price", "quantity"):
            expect_fate(tables, ROW | {name: 0}, "stored", f"{name} = 0")
            expect_fate(tables, ROW | {name: -1}, "refused", f"{name} = -1")
        names = sorted(str(rule["name"]) for rule in sa.inspect(tables).get_check_constraints("items"))
        expect_equal(names, ["ck_items_price", "ck_items_quantity"], "the names of the check constraints")
        with Session(tables) as session:
            session.add(item_row(price=Decimal("19.99"), quantity=7))
            with storing("ItemRow with 19.99 as price and 7 as quantity"):
                session.flush()
            session.expire_all()
            row = session.scalars(sa.select(answer.ItemRow).where(answer.ItemRow.quantity == 7)).one()
            expect_equal(row.price, Decimal("19.99"), "Decimal('19.99') as price, read again")
            expect_equal(row.quantity, 7, "7 as quantity, read again")

    def test_owner(self, tables):
        """The owner is an account that is there; when it is deleted the item stays without an owner."""
        expect_fate(tables, ROW | {"owner_id": 99}, "refused", "owner_id = 99, no account")
        owner = insert(tables, "users", ACCOUNT_ROW)
        insert(tables, "items", ROW | {"owner_id": owner})
        try:
            tables.execute(sa.text("DELETE FROM users"))
        except IntegrityError:
            raise AssertionError(told("deleting an account that owns an item", "deleted", "refused")) from None
        left = [tuple(row) for row in tables.execute(sa.text("SELECT name, owner_id FROM items"))]
        expect_equal(left, [("Teapot", None)], "the items after their owner was deleted")

    def test_ids_are_never_reused(self, tables):
        """An id is not given away again after its item was deleted."""
        first = insert(tables, "items", ROW)
        tables.execute(sa.text("DELETE FROM items"))
        second = insert(tables, "items", ROW)
        assert second > first, told(f"an item after item {first} was deleted: its id", f"more than {first}", second)

    def test_indexes(self, tables):
        """name, price, owner_id and created_at are indexed, each by itself, and nothing else is. No value is unique."""
        found = sa.inspect(tables).get_indexes("items")
        got = sorted(f"{index['name']} ({', '.join(map(str, index['column_names']))})" for index in found)
        expected = [f"ix_items_{name} ({name})" for name in ("created_at", "name", "owner_id", "price")]
        assert got == expected, told("the indexes of items", expected, got)
        insert(tables, "items", ROW)
        expect_fate(tables, ROW, "stored", "two rows with equal values")

    def test_moments(self, tables):
        """A moment comes back as the same moment in UTC; a time without offset is refused."""
        with Session(tables) as session:
            session.add(item_row(created_at=NINE.astimezone(DELHI), updated_at=TEN.astimezone(DELHI)))
            with storing("ItemRow with moments of Delhi"):
                session.flush()
            session.expire_all()
            row = session.scalars(sa.select(answer.ItemRow)).one()
            expect_equal([row.created_at, row.updated_at], [NINE, TEN], "14:30 and 15:30 in Delhi, read again")
            for name in ("created_at", "updated_at"):
                try:
                    with session.begin_nested():
                        session.add(item_row(**{name: datetime(2026, 1, 1, 9)}))
                except StatementError:
                    continue
                raise AssertionError(told(f"{name} without an offset", "refused", "stored"))

    def test_columns(self):
        """The columns are those of the list; on PostgreSQL too ids have 64 bits and text sorts by code point."""
        table = answer.ItemRow.__table__
        got = sorted(column.name for column in table.columns)
        expected = sorted(["id", *ROW])
        assert got == expected, told("the columns of items", expected, got)
        dialect = postgresql.dialect()
        made = str(CreateTable(table).compile(dialect=dialect))
        assert re.search(r"\bid BIGSERIAL NOT NULL", made), told("id on PostgreSQL", "BIGSERIAL NOT NULL", made)
        whole = ("INTEGER NOT NULL", "BIGINT NOT NULL")
        for name, *expected in (
            ("owner_id", "BIGINT"),
            ("name", 'VARCHAR(100) COLLATE "C" NOT NULL'),
            ("name_folded", 'VARCHAR(300) COLLATE "C" NOT NULL'),
            ("description", "TEXT"),
            ("price", "INTEGER NOT NULL"),
            ("quantity", *whole),
            ("created_at", "TIMESTAMP WITH TIME ZONE NOT NULL"),
            ("updated_at", "TIMESTAMP WITH TIME ZONE NOT NULL"),
            ("version", *whole),
        ):
            column = table.columns[name]
            got = column.type.compile(dialect=dialect) + ("" if column.nullable else " NOT NULL")
            assert got in expected, told(f"the column {name} on PostgreSQL", " or ".join(expected), got)


NAMES = ["Straße", "TEE", "İstanbul", "Kelvin \u212a", "100 % wool", "a'b\"c", "\u1e9e", "  Tee  ", "①", "ß" * 100]
MANY = [f"Thing {number}" for number in range(1, 1201)]


class Said:
    """A file that keeps what is written."""

    text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        """There is nothing to do."""


@contextmanager
def migrating(connection: sa.Connection) -> Iterator[None]:
    with Operations.context(MigrationContext.configure(connection)):
        yield


@pytest.fixture
def in_use() -> Iterator[sa.Connection]:
    """A connection to a database of version 0001 with items in it. The last one was deleted."""
    first = importlib.import_module("course_app.migrations.versions.m0001_tables")
    with checked_engine().connect() as connection:
        with migrating(connection):
            first.upgrade()
        owner = insert(connection, "users", ACCOUNT_ROW)
        row = {name: value for name, value in ROW.items() if name != "name_folded"}
        for number, name in enumerate([*NAMES, "deleted"]):
            insert(connection, "items", row | {"name": name, "version": number + 1, "owner_id": owner})
        connection.execute(sa.text("DELETE FROM items WHERE name = 'deleted'"))
        connection.commit()
        yield connection


def rows_of(connection: sa.Connection, leave_out: str = "") -> list[dict[str, Any]]:
    assert sa.inspect(connection).has_table("items"), told("the table items", "still there", "gone")
    rows = connection.execute(sa.text("SELECT * FROM items ORDER BY id")).mappings()
    return [{name: value for name, value in row.items() if name != leave_out} for row in rows]


def all_there(connection: sa.Connection, number: int = len(NAMES), leave_out: str = "") -> list[dict[str, Any]]:
    """`rows_of`, and none of them is missing."""
    rows = rows_of(connection, leave_out)
    expect_equal(len(rows), number, "how many items there are after the migration")
    return rows


def upgraded(connection: sa.Connection, step: str = "upgrade", of: Any = answer) -> None:
    """Run `upgrade`. What the database says of it is told in a sentence, without the statement."""
    try:
        with migrating(connection):
            getattr(of, step)()
    except DBAPIError as error:
        sent = f"{step}() of a database in use"
        raise AssertionError(told(sent, "no error", f"{type(error).__name__}: {error.orig}")) from None


@pytest.mark.exercise("9.2")
class TestMigration:
    def test_items_that_are_there(self, in_use):
        """Every item that is there has its own folded name afterwards, be there none or many."""
        row = {name: value for name, value in ROW.items() if name != "name_folded"}
        in_use.execute(sa.table("items", *map(sa.column, row)).insert(), [row | {"name": name} for name in MANY])
        upgraded(in_use)
        for name, row in zip(NAMES + MANY, all_there(in_use, len(NAMES + MANY)), strict=True):
            assert "name_folded" in row, told("the columns after the upgrade", "name_folded among them", [*row])
            expect_equal(row["name_folded"], name.casefold(), f"name_folded of {name!r}")
        first = importlib.import_module("course_app.migrations.versions.m0001_tables")
        with checked_engine().connect() as connection:
            with migrating(connection):
                first.upgrade()
            upgraded(connection)
            expect_equal(rows_of(connection), [], "the items of an empty database after the upgrade")
            names = [column["name"] for column in sa.inspect(connection).get_columns("items")]
            assert "name_folded" in names, told("the columns after the upgrade", "name_folded among them", names)

    def test_nothing_else_changes(self, in_use):
        """All other values of the items are what they were."""
        before = rows_of(in_use)
        upgraded(in_use)
        got = all_there(in_use, leave_out="name_folded")
        for old, new in zip(before, got, strict=True):
            assert new == old, told(f"item {old['id']} after the upgrade", old, new)

    def test_the_column(self, in_use):
        """The new column refuses NULL, and has a default in the database."""
        upgraded(in_use)
        expect_fate(in_use, ROW | {"name_folded": None}, "refused", "name_folded = NULL")
        row = {name: value for name, value in ROW.items() if name != "name_folded"} | {"name": "without"}
        expect_fate(in_use, row, "stored", "an item without name_folded")
        got = in_use.scalar(sa.text("SELECT name_folded FROM items WHERE name = 'without'"))
        expect_equal(got, "", "an item without name_folded: its value")
        columns = {column["name"]: column["type"] for column in sa.inspect(in_use).get_columns("items")}
        expect_equal(getattr(columns["name_folded"], "length", None), 300, "the length of name_folded")

    def test_the_rules_stay(self, in_use):
        """The rules and indexes of the table are still there, and no id is given away again."""
        highest = in_use.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'items'"))
        before = sorted(str(index["name"]) for index in sa.inspect(in_use).get_indexes("items"))
        upgraded(in_use)
        after = sorted(str(index["name"]) for index in sa.inspect(in_use).get_indexes("items"))
        expect_equal(after, before, "the indexes of items after the upgrade")
        for what, row in (("quantity = -1", {"quantity": -1}), ("an owner that is not there", {"owner_id": 99})):
            expect_fate(in_use, ROW | row, "refused", f"{what}, after the upgrade")
        got = insert(in_use, "items", ROW)
        assert got > highest, told(f"the next id after the upgrade ({highest} was given away)", highest + 1, got)

    def test_downgrade(self, in_use):
        """downgrade takes the column away and nothing else, and upgrade can follow again."""
        before = rows_of(in_use)
        upgraded(in_use)
        upgraded(in_use, "downgrade")
        for old, new in zip(before, all_there(in_use), strict=True):
            assert new == old, told(f"item {old['id']} after upgrade and downgrade", old, new)
        expect_fate(
            in_use, before[0] | {"id": None, "quantity": -1}, "refused", "quantity = -1 after upgrade and downgrade"
        )
        upgraded(in_use)
        for name, row in zip(NAMES, all_there(in_use), strict=True):
            expect_equal(row["name_folded"], name.casefold(), f"upgrade, downgrade, upgrade: name_folded of {name!r}")

    def test_does_not_commit(self, in_use):
        """Neither step commits: whoever runs the migrations can take them back."""
        for step in ("upgrade", "downgrade"):
            in_use.execute(sa.text("UPDATE items SET description = 'before' WHERE id = 1"))
            upgraded(in_use, step)
            assert in_use.in_transaction(), told(f"{step}()", "the transaction still open", f"ended by {step}()")
            in_use.rollback()
            got = in_use.scalar(sa.text("SELECT description FROM items WHERE id = 1"))
            assert got is None, told(f"a change, {step}(), rollback", "the change is taken back", "it was stored")
            if step == "upgrade":
                upgraded(in_use)
                in_use.commit()

    def test_stands_alone(self, in_use, monkeypatch):
        """The step is number 0002, follows 0001, and imports nothing of course_app."""
        expect_equal((answer.revision, answer.down_revision), ("0002", "0001"), "revision and down_revision")
        import_statement, import_function = builtins.__import__, importlib.import_module

        def refuse(name: str) -> None:
            expected = "nothing of course_app"
            assert name.partition(".")[0] != "course_app", told("what the migration imports", expected, name)

        def statement(name: str, scope: Any = None, *rest: Any) -> Any:
            if (scope or {}).get("__name__") in ("alone", answer.upgrade.__module__):
                refuse(name if not (rest and rest[-1]) else "course_app")
            return import_statement(name, scope, *rest)

        def function(name: str, package: str | None = None) -> Any:
            refuse(name)
            return import_function(name, package)

        spec = importlib.util.spec_from_file_location("alone", answer.__file__)
        step = importlib.util.module_from_spec(spec)
        monkeypatch.setattr(builtins, "__import__", statement)
        monkeypatch.setattr(importlib, "import_module", function)
        spec.loader.exec_module(step)
        upgraded(in_use, "upgrade", step)
        upgraded(in_use, "downgrade", step)

    def test_postgresql(self):
        """On PostgreSQL the column sorts by code point, and refuses NULL in the end."""
        said = Said()
        options = {"as_sql": True, "output_buffer": said}
        try:
            with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts=options)):
                answer.upgrade()
        except Exception:  # there is no database: reading the items has to fail
            assert said is not None
        for line in said.text.splitlines():
            if "ADD" in line and "name_folded" in line:
                expected = 'ADD COLUMN name_folded VARCHAR(300) COLLATE "C"'
                assert expected in line, told("what upgrade sends to PostgreSQL", expected, line)


class Notes(DeclarativeBase):
    """The tables of the checks of 9.3."""


class Note(Notes):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    answers: Mapped[int | None] = mapped_column(ForeignKey("notes.id", deferrable=True, initially="DEFERRED"))


class Office:
    """A small app with the answer's session, an engine that tells what happens, and what has been stored."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.sessions: list[AsyncSession] = []
        self.app = FastAPI()
        self._routes()

    def move_into(self, engine: AsyncEngine) -> None:
        """Begin with an empty database."""
        self.engine = engine
        self.app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        self.sessions.clear()
        event.listen(engine.sync_engine, "commit", lambda _: self.events.append("commit"))
        event.listen(engine.sync_engine, "checkout", lambda *_: self.events.append("borrowed"))

    def _routes(self) -> None:
        session_dep = answer.SessionDep

        async def writes(session: Any) -> Any:
            session.add(Note(text="in a dependency"))
            await session.flush()
            return session

        writes.__annotations__["session"] = session_dep

        async def refuses(session: Any) -> None:
            session.add(Note(text="in a dependency"))
            await session.flush()
            raise HTTPException(403)

        refuses.__annotations__["session"] = session_dep

        @self.app.post("/write")
        async def write(session: session_dep, tasks: BackgroundTasks) -> str:
            session.add(Note(text="written"))
            await session.flush()
            self.events.append("route")
            tasks.add_task(self._background)
            return "written"

        @self.app.post("/unflushed")
        async def unflushed(session: session_dep) -> str:
            session.add(Note(text="unflushed"))
            return "written"

        @self.app.post("/orphan")
        async def orphan(session: session_dep) -> str:
            session.add(Note(text="orphan", answers=99))
            await session.flush()
            return "written"

        @self.app.post("/idle")
        async def idle(session: session_dep) -> str:
            self.sessions.append(session)
            return "nothing done"

        @self.app.post("/two")
        async def two(session: session_dep, same: Annotated[Any, Depends(writes)]) -> bool:
            self.sessions += [session, same]
            return True

        @self.app.post("/refused")
        async def refused(session: session_dep) -> None:
            session.add(Note(text="refused"))
            await session.flush()
            raise HTTPException(409)

        @self.app.post("/broken")
        async def broken(session: session_dep) -> None:
            session.add(Note(text="broken"))
            await session.flush()
            raise ValueError("broken")

        @self.app.post("/guarded", dependencies=[Depends(refuses)])
        async def guarded(session: session_dep) -> str:
            return "never"

        @self.app.post("/middle")
        async def middle(session: session_dep, fails: bool = False) -> str:
            session.add(Note(text="before"))
            await session.commit()
            session.add(Note(text="after"))
            await session.flush()
            if fails:
                raise HTTPException(409)
            return "both"

    def _background(self) -> None:
        self.events.append(f"background task with {self.engine.pool.checkedout()} connections taken")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def telling(message: Any) -> None:
            self.events.append(message["type"].removeprefix("http.response."))
            await send(message)

        await self.app(scope, receive, telling)

    async def post(self, path: str) -> Any:
        self.events.clear()
        async with client_for(self) as client:
            return await client.post(path)

    async def stored(self) -> list[str]:
        async with self.engine.connect() as connection:
            return list(await connection.scalars(sa.text("SELECT text FROM notes ORDER BY id")))


async def with_one_connection() -> AsyncEngine:
    engine = create_async_engine(sqlite_url(), pool_size=1, max_overflow=0, pool_timeout=1)
    event.listen(engine.sync_engine, "connect", lambda made, _: made.execute("PRAGMA foreign_keys = ON"))
    async with engine.begin() as connection:
        await connection.run_sync(Notes.metadata.create_all)
    return engine


_offices: list[Office] = []
"""The one of all checks: FastAPI prepares the routes of each app at its first request."""


@pytest.fixture
async def office(anyio_backend: str) -> AsyncIterator[Office]:
    engine = await with_one_connection()
    if not _offices:
        _offices.append(Office())
    _offices[0].move_into(engine)
    yield _offices[0]
    await engine.dispose()


@pytest.mark.exercise("9.3")
class TestSession:
    async def test_committed_before_the_answer(self, office):
        """What the route wrote is committed before the first byte of the answer, and before background tasks."""
        response = await office.post("/write")
        expect_status(response, 200)
        got = [each for each in office.events if each in ("route", "commit", "start", "body")]
        expected = ["route", "commit", "start", "body"]
        assert got == expected, told("POST /write: the order of events", expected, got)
        expect_equal(await office.stored(), ["written"], "POST /write: what is stored afterwards")
        expect_status(await office.post("/unflushed"), 200)
        expected = ["written", "unflushed"]
        expect_equal(await office.stored(), expected, "then POST /unflushed, which does not flush: what is stored")

    async def test_connection_is_free(self, office):
        """The connection is given back before background tasks run."""
        await office.post("/write")
        got = [each for each in office.events if each.startswith("background")]
        expected = ["background task with 0 connections taken"]
        assert got == expected, told("POST /write, which starts a background task", expected, got)

    async def test_failed_commit(self, office):
        """When the commit fails or is cancelled, that goes on its way, and nothing is left on the connection."""
        sent = "POST /orphan, which breaks a rule that is judged at the commit"
        response = await office.post("/orphan")
        assert response.status_code == 500, told(sent, 500, f"{response.status_code} {response.text}")
        expect_equal(await office.stored(), [], f"{sent}: what the next user of its connection sees")
        expect_status(await office.post("/write"), 200)
        expect_equal(await office.stored(), ["written"], f"{sent}, then POST /write: what is stored")
        for error in (OSError, asyncio.CancelledError):

            def break_off(_: Any, error: type[BaseException] = error) -> None:
                raise error("disk full")

            sent = f"POST /write, whose commit raises {error.__name__}"
            event.listen(office.engine.sync_engine, "commit", break_off)
            try:
                response = await office.post("/write")
            except asyncio.CancelledError:
                got = "CancelledError"
            else:
                raised = response.extensions.get("exception")
                got = f"{response.status_code} {response.text}" if raised is None else type(raised).__name__
            event.remove(office.engine.sync_engine, "commit", break_off)
            assert got == error.__name__, told(sent, f"{error.__name__} goes on its way", got)
            expect_equal(await office.stored(), ["written"], f"{sent}: what the next user of its connection sees")

    async def test_rolled_back(self, office):
        """Nothing stays of a request in which the route or a dependency raises, and its exception goes on its way."""
        for path, status in (("/refused", 409), ("/broken", 500), ("/guarded", 403)):
            response = await office.post(path)
            assert response.status_code == status, told(f"POST {path}", status, response.status_code)
            raised = type(response.extensions.get("exception")).__name__
            assert path != "/broken" or raised == "ValueError", told("POST /broken: it raises", "ValueError", raised)
            expect_equal(await office.stored(), [], f"POST {path}, which writes and then raises: what is stored")
        expect_status(await office.post("/write"), 200)
        expect_equal(await office.stored(), ["written"], "POST /write after those: what is stored")

    async def test_one_session(self, office):
        """All dependencies of a request get the same session, and another request another one."""
        for _ in range(2):
            expect_status(await office.post("/two"), 200)
        expect_equal(await office.stored(), ["in a dependency"] * 2, "POST /two twice: what is stored")
        assert all(isinstance(session, AsyncSession) for session in office.sessions), told(
            "what SessionDep gives", "an AsyncSession", type(office.sessions[0]).__name__
        )
        different = [len({id(each) for each in office.sessions[:2]}), len({id(each) for each in office.sessions})]
        expect_equal(different, [1, 2], "POST /two twice: different sessions in the first request, and in both")

    async def test_borrows_nothing(self, office):
        """A request that does not use its session borrows no connection."""
        expect_status(await office.post("/idle"), 200)
        got = office.events.count("borrowed")
        assert got == 0, told("POST /idle, whose route does not use its session: connections borrowed", 0, got)

    async def test_commit_in_the_middle(self, office):
        """After a commit in the middle of a route a new transaction begins: it is committed too, or rolled back."""
        response = await office.post("/middle")
        assert not isinstance(response.extensions.get("exception"), InvalidRequestError), told(
            "POST /middle, whose route commits and writes again",
            "a new transaction begins",
            "the session is good for one commit only",
        )
        expect_status(response, 200)
        expect_equal(await office.stored(), ["before", "after"], "POST /middle: what is stored")
        expect_status(await office.post("/middle?fails=true"), 409)
        expected = ["before", "after", "before"]
        expect_equal(await office.stored(), expected, "POST /middle once more, which raises at its end: what is stored")

    async def test_each_app_its_own(self, office):
        """The sessions are those of the app that got the request."""
        engine = await with_one_connection()
        other = Office()
        other.move_into(engine)
        await office.post("/write")
        await other.post("/unflushed")
        got = [await office.stored(), await other.stored()]
        await engine.dispose()
        expect_equal(got, [["written"], ["unflushed"]], "POST /write to one app, POST /unflushed to another: stored")


AT_ONCE = 4
"""Fewer than the engine has connections."""


class Shop:
    """The tables of the app in a file, with one item of ten pieces, version 1, and another one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.rows: Any = importlib.import_module("course_app.db.rows")
        self.sessions = importlib.import_module("course_app.db.session").new_sessions(engine)

    async def fill(self) -> None:
        times = {"created_at": NINE, "updated_at": NINE}
        async with self.sessions.begin() as session:
            session.add(self.rows.UserRow(**ACCOUNT_ROW | {"created_at": NINE, "is_active": True}))
            await session.flush()
            for name, pieces in (("Teapot", 10), ("Lamp", 5)):
                row = self.rows.ItemRow(
                    name=name, name_folded=name.lower(), price=Decimal("24.00"), quantity=pieces, owner_id=1, **times
                )
                session.add(row)
                await session.flush()

    async def item(self, item_id: int = 1) -> dict[str, Any] | None:
        """The row as another unit of work sees it."""
        columns = self.rows.ItemRow.__table__.c
        async with self.sessions() as session:
            row = (await session.execute(sa.select(*columns).where(columns.id == item_id))).mappings().first()
            return None if row is None else dict(row)

    @asynccontextmanager
    async def unit(self, sent: str) -> AsyncIterator[AsyncSession]:
        """A unit of work that is committed here. Tells an answer that ends the transaction itself."""
        ended: list[bool] = []

        def note(_: Any, transaction: Any) -> None:
            if transaction.parent is None:
                ended.append(True)

        def tell() -> None:
            assert not ended, told(sent, "the transaction still open", "ended by your method (commit or rollback)")

        async with self.sessions() as session:
            event.listen(session.sync_session, "after_transaction_end", note)
            try:
                yield session
            except AssertionError:
                raise
            except Exception:
                tell()
                raise
            finally:
                event.remove(session.sync_session, "after_transaction_end", note)
            tell()
            try:
                await session.commit()
            except InvalidRequestError:
                got = "the session refuses: an error was not taken back to a savepoint"
                raise AssertionError(told(f"{sent}, then the commit", "stored", got)) from None

    async def at_once(self, number: int, act: Callable[[Any, int], Awaitable[Any]]) -> Counter[str]:
        """Run `act(session, n)` in that many units of work at the same time, and count what came of them.

        Each of the first four goes on when all of them have read something or are about to write. So whoever reads
        and then writes without a lock has read what the others are about to change.
        """
        met, arrived = asyncio.Event(), set()
        asyncio.get_running_loop().call_later(1, met.set)

        def arrive(connection: Any) -> None:
            arrived.add(id(connection))
            if len(arrived) == AT_ONCE:
                met.set()

        def before(connection: Any, cursor: Any, statement: str, _: Any, context: Any, __: Any) -> None:
            if not statement.startswith("SELECT") or context.execution_options.get("locking"):
                arrive(connection)

        def after(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT") and not met.is_set():
                arrive(connection)
                await_only(met.wait())

        async def unit(n: int) -> str:
            try:
                async with self.sessions.begin() as session:
                    return "nothing" if await act(session, n) in (None, False) else "done"
            except Exception as error:
                return type(error).__name__

        borrowed = [await self.engine.connect() for _ in range(AT_ONCE)]
        for connection in borrowed:
            await connection.close()
        # On the class, so that it is called before the engine's own listener waits for the write lock.
        event.listen(sa.Engine, "before_cursor_execute", before)
        event.listen(self.engine.sync_engine, "after_cursor_execute", after)
        try:
            return Counter(await asyncio.gather(*(unit(n) for n in range(number))))
        finally:
            event.remove(sa.Engine, "before_cursor_execute", before)
            event.remove(self.engine.sync_engine, "after_cursor_execute", after)


_filled: list[Path] = []
"""The file of a shop as every check begins with it, once one has been made."""


async def make_file() -> Path:
    url = sqlite_url()
    engine = importlib.import_module("course_app.db.session").new_engine(url)
    made = Shop(engine)
    async with engine.begin() as connection:
        await connection.run_sync(made.rows.Base.metadata.create_all)
    await made.fill()
    await engine.dispose()
    return Path(url.partition("///")[2])


@pytest.fixture
async def shop(anyio_backend: str) -> AsyncIterator[Shop]:
    if not _filled:
        _filled.append(await make_file())
    url = sqlite_url()
    shutil.copy(_filled[0], url.partition("///")[2])
    engine = importlib.import_module("course_app.db.session").new_engine(url)
    yield Shop(engine)
    await engine.dispose()


def expect_fields(got: Any, expected: dict[str, Any], kind: str, sent: str) -> None:
    """Assert that `got` is one of the app's plain objects, with these values."""
    assert type(got).__name__ == kind, told(sent, f"a {kind}", "None" if got is None else type(got).__name__)
    fields = asdict(got)
    for name, value in expected.items():
        expect_equal(fields[name], value, f"{sent}: its {name}")


TEAPOT = {"id": 1, "name": "Teapot", "description": None, "price": Decimal("24.00"), "quantity": 10, "owner_id": 1}
TEAPOT |= {"created_at": NINE, "updated_at": NINE, "version": 1}


@pytest.mark.exercise("9.4")
class TestTake:
    async def test_takes(self, shop):
        """The pieces are gone, the version is one higher, updated_at is now, and nothing else has changed."""
        sent = "take(1, 3, 10:00), 10 being there"
        async with shop.unit(sent) as session:
            item = await answer.SqlStock(session).take(1, 3, TEN)
        expected = TEAPOT | {"quantity": 7, "updated_at": TEN, "version": 2}
        expect_fields(item, expected, "Item", sent)
        expect_equal(await shop.item(), {**expected, "name_folded": "teapot"}, f"{sent}: the row")
        expect_equal((await shop.item(2) or {}).get("quantity"), 5, f"{sent}: the pieces of item 2")

    async def test_all_and_too_many(self, shop):
        """All pieces can be taken; one more than there are is None, and nothing changes."""
        before = await shop.item()
        async with shop.unit("take(1, 11), 10 being there") as session:
            stock = answer.SqlStock(session)
            for quantity in (11, 1_000_000):
                got = await stock.take(1, quantity, TEN)
                assert got is None, told(f"take(1, {quantity}), 10 being there", None, got)
        expect_equal(await shop.item(), before, "take(1, 11), 10 being there: the row afterwards")
        async with shop.unit("take(1, 10), 10 being there") as session:
            item = await answer.SqlStock(session).take(1, 10, TEN)
        expect_fields(item, {"quantity": 0, "version": 2}, "Item", "take(1, 10), 10 being there")

    async def test_not_there(self, shop):
        """An item that is not there is None."""
        async with shop.unit("take(99, 1), no such item") as session:
            got = await answer.SqlStock(session).take(99, 1, TEN)
        assert got is None, told("take(99, 1), no such item", None, got)
        expect_equal([(await shop.item(n) or {}).get("quantity") for n in (1, 2)], [10, 5], "take(99, 1): all pieces")

    async def test_never_oversold(self, shop):
        """Of 40 at the same time, ten get one of the last ten pieces."""
        got = await shop.at_once(40, lambda session, _: answer.SqlStock(session).take(1, 1, TEN))
        expected = {"done": 10, "nothing": 30}
        assert got == expected, told("40 times take(1, 1) at the same time, 10 being there", expected, dict(got))
        row = await shop.item() or {}
        expect_equal((row["quantity"], row["version"]), (0, 11), "quantity and version afterwards")

    async def test_several_pieces(self, shop):
        """Nobody is refused while there are enough, and nobody gets a part."""
        got = await shop.at_once(4, lambda session, _: answer.SqlStock(session).take(1, 3, TEN))
        assert got == {"done": 3, "nothing": 1}, told(
            "4 times take(1, 3) at the same time, 10 being there", {"done": 3, "nothing": 1}, dict(got)
        )
        row = await shop.item() or {}
        expect_equal((row["quantity"], row["version"]), (1, 4), "quantity and version afterwards")

    async def test_does_not_commit(self, shop):
        """Whoever opened the session commits: what is rolled back was never taken."""
        before = await shop.item()
        async with shop.sessions() as session:
            await answer.SqlStock(session).take(1, 3, TEN)
            await session.rollback()
        expect_equal(await shop.item(), before, "take(1, 3), then a rollback: the row")

    async def test_twice_in_one_unit(self, shop):
        """A second call in the same unit of work sees the first."""
        async with shop.unit("take 4, 6 and 1 of 10 in one unit of work") as session:
            stock = answer.SqlStock(session)
            held = await session.get(shop.rows.ItemRow, 1)
            items = [await stock.take(1, quantity, TEN) for quantity in (4, 6, 1)]
        got = [None if item is None else (item.quantity, item.version) for item in items]
        expect_equal(got, [(6, 2), (0, 3), None], "take 4, 6 and 1 of 10 in one unit of work: quantity and version")
        assert held is not None


CHANGES = {"name": "Straße", "description": "new", "price": Decimal("9.50"), "quantity": 2, "updated_at": TEN}


@contextmanager
def not_stale(sent: str, expected: object) -> Iterator[None]:
    """Tell of a StaleVersion where something else is expected."""
    stale: type[Exception] = importlib.import_module("course_app.db.repositories").StaleVersion
    try:
        yield
    except stale:
        raise AssertionError(told(sent, expected, "StaleVersion")) from None


@pytest.mark.exercise("9.5")
class TestChange:
    async def test_update(self, shop):
        """update stores the changes, raises the version by one, and returns the item as it is then."""
        sent = "update(1, name=..., description=..., price=..., quantity=..., updated_at=...)"
        async with shop.unit(sent) as session:
            item = await answer.SqlItems(session).update(1, **CHANGES)
        expect_fields(item, TEAPOT | CHANGES | {"version": 2}, "Item", sent)
        row = await shop.item() or {}
        expect_equal({name: row[name] for name in TEAPOT}, TEAPOT | CHANGES | {"version": 2}, f"{sent}: the row")
        expected = TEAPOT | CHANGES | {"version": 2}
        for changes in (
            {"description": None},
            {"quantity": 0, "price": Decimal("0.00"), "description": ""},
            {"quantity": 0},
            {},
        ):
            said = f"then update({', '.join(['1', *(f'{name}={value!r}' for name, value in changes.items())])})"
            async with shop.unit(said) as session:
                item = await answer.SqlItems(session).update(1, **changes)
            expected |= changes | {"version": expected["version"] + 1}
            expect_fields(item, expected, "Item", said)
        other = await shop.item(2) or {}
        expect_equal((other["name"], other["version"]), ("Lamp", 1), f"{sent}: name and version of item 2")

    async def test_found_by_its_new_name(self, shop):
        """name_folded changes with the name, and only with it."""
        sent = "update(1, name='Straße 7'), update(2, quantity=1)"
        async with shop.unit(sent) as session:
            await answer.SqlItems(session).update(1, name="Straße 7")
            await answer.SqlItems(session).update(2, quantity=1)
        got = [(await shop.item(n) or {}).get("name_folded") for n in (1, 2)]
        expect_equal(got, ["strasse 7", "lamp"], f"{sent}: name_folded of both")

    async def test_delete(self, shop):
        """delete removes the item; an item that is not there is False and None, whatever is expected."""
        deleting = "delete(1), delete(1) again, delete(99)"
        async with shop.unit(deleting) as session:
            items = answer.SqlItems(session)
            got = [await items.delete(1), await items.delete(1), await items.delete(99)]
            for n, expected in itertools.product((1, 99), (None, {1}, {7}, set())):
                sent = f"of item {n}, which is not there, expected={expected!r}"
                with not_stale(f"update {sent}", None):
                    expect_equal(await items.update(n, expected=expected, name="x"), None, f"update {sent}")
                with not_stale(f"delete {sent}", False):
                    expect_equal(await items.delete(n, expected), False, f"delete {sent}")
        expect_equal(got, [True, False, False], deleting)
        expect_equal(await shop.item(), None, "delete(1): the row")
        assert await shop.item(2), told("delete(1): item 2", "still there", "gone")

    async def test_expected(self, shop):
        """With the item's version among those expected, the item is changed."""
        every = (frozenset({1}), [7, 2, 9], {10**30, 3}, {-(10**30), 4}, (-(2**63) - 1, 5, 2**63))
        async with shop.unit("update(1, expected=...)") as session:
            items = answer.SqlItems(session)
            for number, expected in enumerate(every, start=2):
                sent = f"update(1, expected={expected!r}), the version being {number - 1}"
                with not_stale(sent, "an Item"):
                    item = await items.update(1, expected=expected, quantity=number)
                expect_fields(item, {"version": number, "quantity": number}, "Item", sent)
            sent = "delete(1, [3, 6]), the version being 6"
            with not_stale(sent, True):
                expect_equal(await items.delete(1, [3, 6]), True, sent)

    async def test_stale(self, shop):
        """With another version StaleVersion is raised and nothing changes, whatever numbers are expected."""
        stale: type[Exception] = importlib.import_module("course_app.db.repositories").StaleVersion
        before = await shop.item()
        many = set(range(2, 60_000))
        for expected in ([2], {0, 2}, set(), {10**30}, {-(10**30)}, {-1, 2**63}, {-(2**63) - 1}, many):
            said = "{2, ..., 59999}" if expected is many else repr(expected)
            for what in ("update", "delete"):
                sent = f"{what}(1, expected={said}), the version being 1"
                changes = {"name": "x"} if what == "update" else {}
                async with shop.unit(sent) as session:
                    act = getattr(answer.SqlItems(session), what)
                    await raises_async(stale, act, 1, sent=sent, expected=expected, **changes)
                expect_equal(await shop.item(), before, f"{sent}: the row afterwards")

    async def test_one_wins(self, shop):
        """Of many that expect the same version at the same time, one succeeds."""

        def act(session: Any, n: int) -> Awaitable[Any]:
            items = answer.SqlItems(session)
            return items.delete(1, {1}) if n % 5 == 4 else items.update(1, expected={1}, quantity=n)

        got = await shop.at_once(15, act)
        expected = {"done": 1, "StaleVersion": 14}
        gone = {"done": 1, "nothing": 14}  # the one that won was a delete
        assert got in (expected, gone), told("15 at the same time with expected={1}", expected, dict(got))

    async def test_everybody_counts(self, shop):
        """Without expected everybody succeeds, and every change counts in the version."""
        got = await shop.at_once(12, lambda session, n: answer.SqlItems(session).update(1, quantity=n))
        assert got == {"done": 12}, told("12 updates at the same time", {"done": 12}, dict(got))
        expect_equal((await shop.item() or {}).get("version"), 13, "the version after 12 updates")

    async def test_in_its_unit_of_work(self, shop):
        """Neither commits or rolls back, also before StaleVersion, and a reader of the session sees the change."""
        async with shop.sessions() as session:
            items = answer.SqlItems(session)
            await items.get(1)
            await items.update(1, name="changed")
            seen = await items.get(1)
            expect_equal((seen.name, seen.version), ("changed", 2), "get(1) after update(1) in the same session")
            await items.delete(2)
            expect_equal(await items.get(2), None, "get(2) after delete(2) in the same session")
            await session.rollback()
        got = [(await shop.item(n) or {}).get("name") for n in (1, 2)]
        expect_equal(got, ["Teapot", "Lamp"], "update(1), delete(2), then a rollback: the names")
        stale: type[Exception] = importlib.import_module("course_app.db.repositories").StaleVersion
        for what in ("update", "delete"):
            sent = f"update(2, ...), {what}(1, expected={{7}}), update(2, ...) again, commit"
            pieces = (await shop.item(2) or {})["quantity"]
            async with shop.unit(sent) as session:
                items = answer.SqlItems(session)
                await items.update(2, description=what)
                await raises_async(stale, getattr(items, what), 1, sent=sent, expected={7})
                await items.update(2, quantity=pieces + 1)
            row = await shop.item(2) or {}
            expect_equal((row["description"], row["quantity"]), (what, pieces + 1), f"{sent}: item 2")


def somebody(email: str, **values: Any) -> dict[str, Any]:
    roles: Any = importlib.import_module("course_app.core.roles")
    given = {"key": f"key of {email}", "full_name": "Bob", "role": roles.Role.MANAGER, "hashed_password": "hash"}
    return {"email": email, "created_at": NINE.astimezone(DELHI), **given, **values}


async def addresses(shop: Shop) -> list[str]:
    async with shop.sessions() as session:
        return sorted(await session.scalars(sa.select(shop.rows.UserRow.email)))


def email_taken() -> type[Exception]:
    kind: type[Exception] = importlib.import_module("course_app.db.repositories").EmailTaken
    return kind


class UniqueViolationError(Exception):
    """As asyncpg has it."""

    sqlstate = pgcode = "23505"

    def __init__(self, constraint: str) -> None:
        super().__init__(f'duplicate key value violates unique constraint "{constraint}"')
        self.constraint_name = constraint


def told_by_postgresql(context: Any) -> Exception | None:
    """An error of SQLite's about a unique column, as SQLAlchemy raises it on PostgreSQL."""
    column = str(context.original_exception).removeprefix("UNIQUE constraint failed: users.")
    if column not in ("email", "key"):
        return None
    cause = UniqueViolationError(f"uq_users_{column}")
    original = UniqueViolationError(f"uq_users_{column}")
    original.__cause__ = cause
    return IntegrityError(context.statement, None, original, hide_parameters=True)


@pytest.mark.exercise("9.6")
class TestAdd:
    async def test_adds(self, shop):
        """The new account is active, has an id of its own and what was given, and is stored with the commit."""
        sent = "add(email='bob@example.com', ...), add(email='Eve@Example.com', ...)"
        async with shop.unit(sent) as session:
            user = await answer.SqlUsers(session).add(**somebody("bob@example.com"))
            again = await answer.SqlUsers(session).add(**somebody("Eve@Example.com"))
        expected = somebody("bob@example.com") | {"id": 2, "is_active": True, "created_at": NINE}
        defaults = {"token_generation": 0, "kept_token": None, "password_changed_at": None}
        expect_fields(user, expected | defaults, "User", "add(email='bob@example.com', ...)")
        expect_fields(again, {"id": 3, "email": "Eve@Example.com"}, "User", "add(email='Eve@Example.com', ...)")
        stored = ["Eve@Example.com", "ada@example.com", "bob@example.com"]
        expect_equal(await addresses(shop), stored, f"{sent}: the addresses afterwards")

    async def test_taken(self, shop):
        """An address that another account has is EmailTaken, at once."""
        sent = "add(email='ada@example.com', ...), Ada being there"
        async with shop.unit(sent) as session:
            users = answer.SqlUsers(session)
            await raises_async(email_taken(), users.add, sent=sent, **somebody("ada@example.com"))
        expect_equal(await addresses(shop), ["ada@example.com"], f"{sent}: the addresses afterwards")
        sent = "add(email='ADA@example.com', ...), ada@example.com being there"
        async with shop.unit(sent) as session:
            try:
                user = await answer.SqlUsers(session).add(**somebody("ADA@example.com"))
            except email_taken():
                raise AssertionError(told(sent, "a User", "EmailTaken")) from None
        expect_fields(user, {"email": "ADA@example.com"}, "User", sent)

    async def test_as_postgresql_tells_it(self, shop):
        """The same with the errors that PostgreSQL makes."""
        event.listen(shop.engine.sync_engine, "handle_error", told_by_postgresql, retval=True)
        sent = "add(email='ada@example.com', ...), Ada being there, the error in PostgreSQL's words"
        async with shop.unit(sent) as session:
            users = answer.SqlUsers(session)
            await raises_async(email_taken(), users.add, sent=sent, **somebody("ada@example.com"))
            sent = "add(email='bob@example.com', ...) with Ada's key, the error in PostgreSQL's words"
            await raises_async(IntegrityError, users.add, sent=sent, **somebody("bob@example.com", key="k1"))

    async def test_work_goes_on(self, shop):
        """After EmailTaken what was written before stays, and more can be read and written."""
        sent = "add bob, add ada (taken), get ada, add eve, commit"
        async with shop.sessions() as session:
            users = answer.SqlUsers(session)
            await users.add(**somebody("bob@example.com"))
            await raises_async(email_taken(), users.add, sent=f"{sent}: the second", **somebody("ada@example.com"))
            try:
                found = await users.get_by_email("ada@example.com")
                assert found is not None
                await users.add(**somebody("eve@example.com"))
                await session.commit()
            except Exception as error:
                raise AssertionError(told(f"{sent}: after the second", "no error", repr(error)[:90])) from error
        expected = [f"{n}@example.com" for n in ("ada", "bob", "eve")]
        expect_equal(await addresses(shop), expected, f"{sent}: the addresses afterwards")

    async def test_at_once(self, shop):
        """Of 20 at the same time with one address, one succeeds and 19 raise EmailTaken."""
        got = await shop.at_once(
            20, lambda session, n: answer.SqlUsers(session).add(**somebody("bob@example.com", key=f"k{n}-"))
        )
        expected = {"done": 1, "EmailTaken": 19}
        assert got == expected, told("20 times add(email='bob@example.com') at the same time", expected, dict(got))

    @pytest.mark.parametrize(
        "values",
        [{"key": "k1"}, {"key": "k1", "email": "ADA@example.com"}, {"full_name": None}, {"hashed_password": None}],
    )
    async def test_only_the_address(self, shop, values):
        """Another violated rule stays an IntegrityError."""
        sent = f"add(email='bob@example.com', ...) with {values}"
        async with shop.sessions() as session:
            users = answer.SqlUsers(session)
            call = somebody("bob@example.com") | values
            error = await raises_async(IntegrityError, users.add, sent=sent, **call)
            assert not isinstance(error, email_taken())
        expect_equal(await addresses(shop), ["ada@example.com"], f"{sent}: the addresses afterwards")

    async def test_does_not_commit(self, shop):
        """Whoever opened the session commits: what is rolled back is not there, the one before EmailTaken neither."""
        async with shop.sessions() as session:
            await answer.SqlUsers(session).add(**somebody("bob@example.com"))
            await raises_async(
                email_taken(), answer.SqlUsers(session).add, sent="add ada, taken", **somebody("ada@example.com")
            )
            await session.rollback()
        expect_equal(await addresses(shop), ["ada@example.com"], "add bob, add ada (taken), rollback: the addresses")


OWNERS = ["eve", "ada", "bob", "dan", "bob", "Zoe"]
"""By id from 1. Owner 4, dan, has nothing; the others have things, the last made first."""

MISLEADING = ("CREATE INDEX a ON owners (name, id DESC)", "CREATE INDEX b ON things (owner_id, id DESC)")
"""With these SQLite gives rows in an order that nobody asked for, where none was asked for."""


class Report:
    """The answer's tables, filled, and what was sent and loaded."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.statements: list[str] = []
        self.loaded: list[Any] = []

    async def fill(self) -> None:
        async with self.engine.begin() as connection:
            await connection.run_sync(answer.Base.metadata.create_all)
            for index in MISLEADING:
                await connection.execute(sa.text(index))
        async with AsyncSession(self.engine) as session:
            session.add_all([answer.Owner(id=n, name=name) for n, name in enumerate(OWNERS, start=1)])
            await session.flush()
            for n in (6, 5, 3, 2, 1):
                session.add_all(
                    [answer.Thing(id=n * 10 + k, name=f"{n}-{'cba'[k - 1]}", owner_id=n) for k in (3, 1, 2)]
                )
                await session.flush()
            await session.commit()
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._on_statement)
        event.listen(answer.Thing, "load", self._on_load)

    def _on_statement(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if re.match(r"\s*(SELECT|WITH)", statement):
            self.statements.append(statement)

    def _on_load(self, thing: Any, *_: Any) -> None:
        self.loaded.append(thing.owner_id)

    async def read(self, limit: int) -> list[tuple[int, str, list[str]]]:
        """What shelves returns, read after the session was closed."""
        self.statements.clear()
        self.loaded.clear()
        async with AsyncSession(self.engine) as session:
            owners = await answer.shelves(session, limit)
        assert isinstance(owners, list), told(f"shelves(session, {limit})", "a list", type(owners).__name__)
        for owner in owners:
            got = type(owner).__name__
            assert isinstance(owner, answer.Owner), told(f"shelves(session, {limit})", "a list of Owner objects", got)
        try:
            return [(owner.id, owner.name, [thing.name for thing in owner.things]) for owner in owners]
        except Exception as error:
            sent = f"shelves(session, {limit}), then the things of an owner, the session being closed"
            raise AssertionError(told(sent, "a list", type(error).__name__)) from error


@pytest.fixture
async def report(anyio_backend: str) -> AsyncIterator[Report]:
    engine = create_async_engine(sqlite_url())
    made = Report(engine)
    await made.fill()
    yield made
    event.remove(answer.Thing, "load", made._on_load)
    await engine.dispose()


def shelf(owner: int) -> list[str]:
    return [f"{owner}-{name}" for name in "cba"]


BY_NAME = [(6, "Zoe"), (2, "ada"), (3, "bob"), (5, "bob"), (4, "dan"), (1, "eve")]


@pytest.mark.exercise("9.7")
class TestShelves:
    async def test_report(self, report):
        """The owners come by name and id, with their things by id, readable after the session was closed."""
        expected = [(n, name, [] if name == "dan" else shelf(n)) for n, name in BY_NAME]
        expect_equal(await report.read(100), expected, "shelves(session, 100)")

    async def test_limit(self, report):
        """Only the first owners are returned."""
        for limit in (0, 1, 2, 5):
            expected = [(n, name, [] if name == "dan" else shelf(n)) for n, name in BY_NAME[:limit]]
            expect_equal(await report.read(limit), expected, f"shelves(session, {limit})")

    async def test_two_statements(self, report):
        """Two statements are enough for up to 500 owners."""
        for limit in (1, 3, 6, 100):
            await report.read(limit)
            got = len(report.statements)
            assert 1 <= got <= 2, told(f"shelves(session, {limit}): statements sent", "at most 2", got)
        async with report.engine.begin() as connection:
            columns = sa.table("owners", sa.column("name"))
            await connection.execute(columns.insert(), [{"name": f"friend {n}"} for n in range(500)])
        owners = await report.read(500)
        expect_equal(len(owners), 500, "shelves(session, 500), 506 being there: how many owners")
        got = len(report.statements)
        assert 1 <= got <= 2, told("shelves(session, 500): statements sent", "at most 2", got)

    async def test_no_things_of_others(self, report):
        """No things are read of owners that are not in the result."""
        await report.read(2)
        got = sorted(set(report.loaded))
        assert got == [2, 6], told("shelves(session, 2): the owners of the things that were read", [2, 6], got)

    async def test_nobody(self, report):
        """A store without owners is an empty report."""
        async with report.engine.begin() as connection:
            for table in ("things", "owners"):
                await connection.execute(sa.text(f"DELETE FROM {table}"))
        expect_equal(await report.read(10), [], "shelves(session, 10), without owners")
