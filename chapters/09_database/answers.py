"""Wrong and alternative right answers to the exercises of chapter 09."""

from coursekit.answers import right, wrong

# --- 9.1 a table that keeps its own rules ----------------------------------------------------------------------------

for what, old, new, caught_by in (
    (
        "ids are reused",
        'name="quantity"),\n        {"sqlite_autoincrement": True},\n',
        'name="quantity"),\n',
        "test_ids_are_never_reused",
    ),
    (
        "an empty name passes",
        "name: Mapped[str] = mapped_column(text_of(100), index=True)",
        "name: Mapped[str | None] = mapped_column(text_of(100), index=True)",
        "test_nothing_is_refused",
    ),
    (
        "a description is needed",
        "description: Mapped[str | None]",
        "description: Mapped[str]",
        "test_nothing_is_refused",
    ),
    ("prices below 0", '        CheckConstraint("price >= 0", name="price"),\n', "", "test_amounts"),
    ("quantities below 0", '        CheckConstraint("quantity >= 0", name="quantity"),\n', "", "test_amounts"),
    ("nothing is free", 'CheckConstraint("price >= 0"', 'CheckConstraint("price > 0"', "test_amounts"),
    ("never sold out", 'CheckConstraint("quantity >= 0"', 'CheckConstraint("quantity > 0"', "test_amounts"),
    (
        "the rule without a name",
        'CheckConstraint("price >= 0", name="price")',
        'CheckConstraint("price >= 0", name="positive")',
        "test_amounts",
    ),
    ("any number is an owner", 'ForeignKey("users.id", ondelete="SET NULL")', "BigId", "test_owner"),
    (
        "an account with items cannot be deleted",
        'ForeignKey("users.id", ondelete="SET NULL")',
        'ForeignKey("users.id")',
        "test_owner",
    ),
    ("the items go with the account", 'ondelete="SET NULL"', 'ondelete="CASCADE"', "test_owner"),
    ("every item has an owner", "owner_id: Mapped[int | None]", "owner_id: Mapped[int]", "test_nothing_is_refused"),
    ("the owner is not indexed", 'ondelete="SET NULL"), index=True)', 'ondelete="SET NULL"))', "test_indexes"),
    (
        "the price is not indexed",
        "price: Mapped[Decimal] = mapped_column(index=True)",
        "price: Mapped[Decimal]",
        "test_indexes",
    ),
    (
        "the database has the default of version",
        "version: Mapped[int] = mapped_column(default=1)",
        'version: Mapped[int] = mapped_column(server_default="1")',
        "test_defaults",
    ),
    ("versions count from 0", "mapped_column(default=1)", "mapped_column(default=0)", "test_defaults"),
    (
        "only SQLAlchemy has the default of name_folded",
        'text_of(300), server_default=""',
        'text_of(300), default=""',
        "test_defaults",
    ),
    ("prices are floats", "price: Mapped[Decimal] =", "price: Mapped[float] =", "test_columns"),
    (
        "text sorts by the server's language",
        "name: Mapped[str] = mapped_column(text_of(100), ",
        "name: Mapped[str] = mapped_column(",
        "test_columns",
    ),
    (
        "a short description",
        "description: Mapped[str | None] = mapped_column(Text)",
        "description: Mapped[str | None] = mapped_column(text_of(1000))",
        "test_columns",
    ),
    (
        "ids of 32 bits",
        "    id: Mapped[int] = mapped_column(BigId, primary_key=True)\n    name: ",
        "    id: Mapped[int] = mapped_column(primary_key=True)\n    name: ",
        "test_columns",
    ),
    (
        "moments of nowhere",
        "    updated_at: Mapped[datetime]\n",
        "    updated_at: Mapped[datetime] = mapped_column(DateTime)\n",
        "test_moments",
    ),
    (
        "one column more",
        "    updated_at: Mapped[datetime]\n",
        "    updated_at: Mapped[datetime]\n    category: Mapped[str | None]\n",
        "test_columns",
    ),
    (
        "a name is there once",
        "mapped_column(text_of(100), index=True)",
        "mapped_column(text_of(100), index=True, unique=True)",
        "test_nothing_is_refused",
    ),
):
    wrong(
        "9.1", what, edits=[(old, new), ("ForeignKey, MetaData", "DateTime, ForeignKey, MetaData")], caught_by=caught_by
    )
for what, old, new, caught_by in (
    (
        "versions are text",
        "version: Mapped[int] = mapped_column(",
        "version: Mapped[str] = mapped_column(",
        "test_columns",
    ),
    (
        "sold out unless told otherwise",
        "    quantity: Mapped[int]\n",
        "    quantity: Mapped[int] = mapped_column(default=0)\n",
        "test_defaults",
    ),
    (
        "updated_at takes the time of the server",
        "    updated_at: Mapped[datetime]\n",
        "    updated_at: Mapped[datetime] = mapped_column(onupdate=lambda: datetime(2026, 1, 2, tzinfo=UTC))\n",
        "test_defaults",
    ),
    (
        "one index more",
        'name="quantity"),\n        {',
        'name="quantity"),\n        Index("ix_items_more", "name", "price"),\n        {',
        "test_indexes",
    ),
):
    imports = [("ForeignKey, MetaData", "ForeignKey, Index, MetaData"), ("import datetime\n", "import UTC, datetime\n")]
    wrong("9.1", what, edits=[(old, new), *imports], caught_by=caught_by)
right(
    "9.1",
    "a rule beside its column",
    edits=[
        ('        CheckConstraint("price >= 0", name="price"),\n', ""),
        (
            "price: Mapped[Decimal] = mapped_column(index=True)",
            'price: Mapped[Decimal] = mapped_column(Cents, CheckConstraint("price >= 0", name="price"), index=True)',
        ),
        ("    quantity: Mapped[int]\n", "    quantity: Mapped[int] = mapped_column(BigId)\n"),
    ],
)
right(
    "9.1",
    "other ways to say the same",
    edits=[
        ("ForeignKey, MetaData", "ForeignKey, Index, MetaData"),
        (
            '        CheckConstraint("quantity >= 0", name="quantity"),\n',
            '        CheckConstraint("quantity >= 0", name="quantity"),\n        Index("ix_items_price", "price"),\n',
        ),
        ("price: Mapped[Decimal] = mapped_column(index=True)", "price: Mapped[Decimal] = mapped_column(Cents)"),
        ("    updated_at: Mapped[datetime]\n", "    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())\n"),
        ("mapped_column(default=1)", "mapped_column(default=lambda: 1, nullable=False)"),
    ],
)
right(
    "9.1",
    "columns in another order, the default in both places",
    edits=[
        ("    version: Mapped[int] = mapped_column(default=1)\n", ""),
        (
            '    name_folded: Mapped[str] = mapped_column(text_of(300), server_default="")\n',
            """    version: Mapped[int] = mapped_column(default=1, server_default="1")
    name_folded: Mapped[str] = mapped_column(text_of(300), default="", server_default="")
""",
        ),
    ],
)

# --- 9.2 a migration of a table that is in use -----------------------------------------------------------------------

_ADD = '    op.add_column("items", sa.Column("name_folded", FOLDED, nullable=False, server_default=""))\n'
_FILL = """    connection = op.get_bind()
    for item_id, name in connection.execute(sa.select(items.c.id, items.c.name)).all():
        connection.execute(items.update().where(items.c.id == item_id).values(name_folded=name.casefold()))
"""
_DROP = '    op.drop_column("items", "name_folded")\n'
_BATCH = """    with op.batch_alter_table("items") as batch:
        batch.add_column(sa.Column("name_folded", FOLDED, nullable=False, server_default=""))
"""

wrong("9.2", "the items that are there stay empty", replace=_FILL, by="", caught_by="test_items_that_are_there")
wrong(
    "9.2",
    "folded by the database, which knows ASCII",
    replace=_FILL,
    by='    op.execute("UPDATE items SET name_folded = lower(name)")\n',
    caught_by="test_items_that_are_there",
)
wrong(
    "9.2", "lower() is not folding", replace="name.casefold()", by="name.lower()", caught_by="test_items_that_are_there"
)
wrong(
    "9.2",
    "every item gets the name of the last",
    replace=".where(items.c.id == item_id)",
    by="",
    caught_by="test_items_that_are_there",
)
wrong(
    "9.2",
    "the name itself is folded",
    replace="values(name_folded=name.casefold())",
    by="values(name=name.casefold(), name_folded=name.casefold())",
    caught_by="test_nothing_else_changes",
)
wrong(
    "9.2",
    "only the first items",
    replace="items.c.name)).all()",
    by="items.c.name).limit(3)).all()",
    caught_by="test_items_that_are_there",
)
wrong("9.2", "null allowed", replace="nullable=False, ", by="", caught_by="test_the_column")
wrong(
    "9.2",
    "no default: a table with rows cannot take it",
    replace=', nullable=False, server_default="")',
    by=", nullable=False)",
    caught_by="test_items_that_are_there",
)
wrong(
    "9.2", "SQLAlchemy's own default", replace="server_default=", by="default=", caught_by="test_items_that_are_there"
)
wrong(
    "9.2", "a default of one blank", replace='server_default=""', by='server_default=" "', caught_by="test_the_column"
)
for what, value in (
    ("without the blanks at its ends", "name.strip().casefold()"),
    ("with other signs put in their place", 'unicodedata.normalize("NFKC", name).casefold()'),
    ("cut where a name ends", "name.casefold()[:100]"),
):
    wrong(
        "9.2",
        what,
        edits=[
            ("name.casefold()", value),
            ("import sqlalchemy as sa", "import unicodedata\n\nimport sqlalchemy as sa"),
        ],
        caught_by="test_items_that_are_there",
    )
wrong(
    "9.2",
    "the first thousand",
    replace="items.c.name)).all()",
    by="items.c.name).limit(1000)).all()",
    caught_by="test_items_that_are_there",
)
wrong(
    "9.2",
    "commits what it did",
    replace=_FILL,
    by=_FILL + "    connection.commit()\n",
    caught_by="test_does_not_commit",
)
for what, lines in (
    ("the class of today", "    from course_app.db.rows import ItemRow\n\n"),
    (
        "the class of today, imported by name",
        '    import importlib\n\n    ItemRow = importlib.import_module("course_app.db.rows").ItemRow\n',
    ),
):
    wrong(
        "9.2",
        what,
        edits=[(_ADD, lines + _ADD), ("sa.select(items.c.id, items.c.name)", "sa.select(ItemRow.id, ItemRow.name)")],
        caught_by="test_stands_alone",
    )
right(
    "9.2",
    "on PostgreSQL: add, fill, then refuse NULL",
    replace=_ADD + _FILL,
    by="""    on_sqlite = op.get_context().dialect.name == "sqlite"
    op.add_column("items", sa.Column("name_folded", FOLDED, nullable=not on_sqlite, server_default=""))
"""
    + _FILL
    + """    if not on_sqlite:
        op.alter_column("items", "name_folded", nullable=False)
""",
)
wrong("9.2", "text of any length", replace="FOLDED, nullable", by="sa.Text(), nullable", caught_by="test_the_column")
wrong(
    "9.2",
    "sorts by the server's language",
    replace="FOLDED, nullable",
    by="sa.String(300), nullable",
    caught_by="test_postgresql",
)
wrong(
    "9.2",
    "the table made anew, without its rules",
    replace=_ADD + _FILL,
    by="""    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT * FROM items")).mappings().all()
    op.drop_table("items")
    columns = [sa.Column(name, sa.Text) for name in ("name", "description", "created_at", "updated_at")]
    columns += [sa.Column(name, sa.Integer) for name in ("price", "quantity", "owner_id", "version")]
    column = sa.Column("name_folded", FOLDED, nullable=False, server_default="")
    made = op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), *columns, column)
    for row in rows:
        connection.execute(made.insert().values(**row, name_folded=row["name"].casefold()))
""",
    caught_by="test_the_rules_stay",
)
wrong(
    "9.2",
    "a batch makes the table anew, and forgets that no id is given away twice",
    replace=_ADD,
    by=_BATCH.replace('table("items")', 'table("items", recreate="always")'),
    caught_by="test_the_rules_stay",
)
wrong("9.2", "no way back", replace=_DROP, by="    pass\n", caught_by="test_downgrade")
wrong(
    "9.2", "the way back loses the table", replace=_DROP, by='    op.drop_table("items")\n', caught_by="test_downgrade"
)
wrong(
    "9.2",
    "the way back takes the name too",
    replace=_DROP,
    by=_DROP + '    op.execute("UPDATE items SET name = lower(name)")\n',
    caught_by="test_downgrade",
)
wrong(
    "9.2", "follows nothing", replace='down_revision = "0001"', by="down_revision = None", caught_by="test_stands_alone"
)
wrong(
    "9.2",
    "all at once, even if there are none",
    replace=_FILL,
    by="""    connection = op.get_bind()
    rows = connection.execute(sa.select(items.c.id, items.c.name)).all()
    fill = items.update().where(items.c.id == sa.bindparam("its_id")).values(name_folded=sa.bindparam("folded"))
    connection.execute(fill, [{"its_id": n, "folded": name.casefold()} for n, name in rows])
""",
    caught_by="test_items_that_are_there",
)
right(
    "9.2",
    "all at once with parameters",
    replace=_FILL,
    by="""    connection = op.get_bind()
    rows = connection.execute(sa.select(items.c.id, items.c.name)).all()
    if rows:
        fill = items.update().where(items.c.id == sa.bindparam("its_id")).values(name_folded=sa.bindparam("folded"))
        connection.execute(fill, [{"its_id": n, "folded": name.casefold()} for n, name in rows])
""",
)
right(
    "9.2",
    "a batch that alters in place, and plain SQL",
    edits=[
        (_ADD, _BATCH),
        (
            "items.update().where(items.c.id == item_id).values(name_folded=name.casefold())",
            """sa.text("UPDATE items SET name_folded = :folded WHERE id = :id"),
            {"folded": name.casefold(), "id": item_id},""",
        ),
    ],
)
right(
    "9.2",
    "names one by one",
    replace=_FILL,
    by="""    connection = op.get_bind()
    for name in connection.scalars(sa.select(items.c.name).distinct()).all():
        connection.execute(sa.update(items).where(items.c.name == name).values(name_folded=name.casefold()))
""",
)

# --- 9.3 a session for each request ----------------------------------------------------------------------------------

_SESSION = """    async with request.app.state.sessions() as session:
        try:
            yield session
            await session.commit()
        except BaseException:
            await session.rollback()
            raise
"""
_DEPENDS = 'Depends(get_session, scope="function")'

wrong(
    "9.3",
    "ends with the request, after the answer",
    replace=_DEPENDS,
    by="Depends(get_session)",
    caught_by="test_committed_before_the_answer",
)
wrong(
    "9.3",
    "asks for the end of the request in words",
    replace=_DEPENDS,
    by='Depends(get_session, scope="request")',
    caught_by="test_connection_is_free",
)
wrong(
    "9.3",
    "a failed commit is left to the end of the session",
    replace=_SESSION,
    by="""    async with request.app.state.sessions() as session:
        yield session
        await session.commit()
""",
    caught_by="test_failed_commit",
)
wrong(
    "9.3",
    "never committed",
    replace="            await session.commit()\n",
    by="",
    caught_by="test_committed_before_the_answer",
)
wrong(
    "9.3",
    "commits whatever happens",
    replace=_SESSION,
    by="""    async with request.app.state.sessions() as session:
        try:
            yield session
        finally:
            await session.commit()
""",
    caught_by="test_rolled_back",
)
wrong("9.3", "swallows the exception", replace="            raise\n", by="", caught_by="test_rolled_back")
wrong(
    "9.3",
    "every failure is a conflict",
    edits=[
        ("            raise\n", "            raise HTTPException(409) from None\n"),
        ("Depends, Request", "Depends, HTTPException, Request"),
    ],
    caught_by="test_rolled_back",
)
wrong(
    "9.3",
    "only errors of the database are rolled back",
    edits=[
        ("except BaseException:", "except SQLAlchemyError:"),
        (
            "            raise\n",
            "            raise\n        except BaseException:\n            await session.commit()\n            raise\n",
        ),
        ("from sqlalchemy.ext", "from sqlalchemy.exc import SQLAlchemyError\nfrom sqlalchemy.ext"),
    ],
    caught_by="test_rolled_back",
)
wrong(
    "9.3",
    "a session for each dependency",
    replace=_DEPENDS,
    by='Depends(get_session, scope="function", use_cache=False)',
    caught_by="test_one_session",
)
wrong(
    "9.3",
    "one session for everybody",
    replace=_SESSION,
    by="""    state = request.app.state
    if not hasattr(state, "session"):
        state.session = state.sessions()
    session = state.session
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
""",
    caught_by="test_one_session",
)
wrong(
    "9.3",
    "one transaction and no more",
    replace=_SESSION,
    by="""    async with request.app.state.sessions.begin() as session:
        yield session
""",
    caught_by="test_commit_in_the_middle",
)
wrong(
    "9.3",
    "borrows a connection in any case",
    replace="        try:\n            yield",
    by="        await session.connection()\n        try:\n            yield",
    caught_by="test_borrows_nothing",
)
wrong(
    "9.3",
    "the session is never closed",
    replace=_SESSION,
    by="""    session = request.app.state.sessions()
    try:
        yield session
        await session.flush()
        await (await session.connection()).commit()
    except BaseException:
        await session.rollback()
        raise
""",
    caught_by="test_connection_is_free",
)
wrong(
    "9.3",
    "the factory of the first app",
    edits=[
        ("async def get_session", "_first: list[Any] = []\n\n\nasync def get_session"),
        ("request.app.state.sessions()", "_first[0]()"),
        ("    async with", "    _first.append(request.app.state.sessions)\n    async with"),
        ("from typing import Annotated", "from typing import Annotated, Any"),
    ],
    caught_by="test_each_app_its_own",
)
wrong(
    "9.3",
    "a cancelled commit is no exception",
    replace="except BaseException:",
    by="except Exception:",
    caught_by="test_failed_commit",
)
wrong(
    "9.3",
    "only the database's errors and refusals are rolled back",
    edits=[
        ("except BaseException:", "except (SQLAlchemyError, HTTPException):"),
        ("from sqlalchemy.ext", "from sqlalchemy.exc import SQLAlchemyError\nfrom sqlalchemy.ext"),
        ("Depends, Request", "Depends, HTTPException, Request"),
    ],
    caught_by="test_failed_commit",
)
right(
    "9.3",
    "try, except, finally",
    replace=_SESSION,
    by="""    session = request.app.state.sessions()
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()
""",
)
right(
    "9.3",
    "the commit in an else",
    replace=_SESSION,
    by="""    async with request.app.state.sessions() as session:
        try:
            yield session
        except BaseException:
            await session.rollback()
            raise
        else:
            try:
                await session.commit()
            finally:
                await session.rollback()
""",
)

# --- 9.4 reserve -----------------------------------------------------------------------------------------------------

_TAKE = """        enough = update(ItemRow).where(ItemRow.id == item_id, ItemRow.quantity >= quantity)
        changes = {
            "quantity": ItemRow.quantity - quantity,
            "version": ItemRow.version + 1,
            "updated_at": now,
        }
        row = await self._session.scalar(enough.values(changes).returning(ItemRow))
        return None if row is None else as_plain(row, Item)
"""
_SELECT = ("from sqlalchemy import update", "from sqlalchemy import select, update")

wrong(
    "9.4",
    "reads, computes, writes",
    replace=_TAKE,
    by="""        row = await self._session.get(ItemRow, item_id)
        if row is None or row.quantity < quantity:
            return None
        row.quantity -= quantity
        row.version += 1
        row.updated_at = now
        await self._session.flush()
        return as_plain(row, Item)
""",
    caught_by="test_never_oversold",
)
wrong(
    "9.4",
    "looks first, and lets the database compute",
    edits=[
        (
            "        enough = update(ItemRow).where(ItemRow.id == item_id, ItemRow.quantity >= quantity)\n",
            """        there = await self._session.scalar(select(ItemRow.quantity).where(ItemRow.id == item_id))
        if there is None or there < quantity:
            return None
        enough = update(ItemRow).where(ItemRow.id == item_id)
""",
        ),
        _SELECT,
    ],
    caught_by="test_never_oversold",
)
wrong(
    "9.4",
    "compares the version and gives up",
    edits=[
        (
            "        enough = update(ItemRow).where(ItemRow.id == item_id, ItemRow.quantity >= quantity)\n",
            """        seen = await self._session.scalar(select(ItemRow.version).where(ItemRow.id == item_id))
        enough = update(ItemRow).where(
            ItemRow.id == item_id, ItemRow.version == seen, ItemRow.quantity >= quantity
        )
""",
        ),
        _SELECT,
    ],
    caught_by="test_several_pieces",
)
wrong(
    "9.4",
    "the constraint is left to say no",
    replace=", ItemRow.quantity >= quantity)",
    by=")",
    caught_by="test_all_and_too_many",
)
wrong(
    "9.4",
    "one always stays",
    replace="ItemRow.quantity >= quantity",
    by="ItemRow.quantity > quantity",
    caught_by="test_all_and_too_many",
)
wrong("9.4", "one piece each", replace="ItemRow.quantity - quantity", by="ItemRow.quantity - 1", caught_by="test_takes")
wrong(
    "9.4", "the version stays", replace='            "version": ItemRow.version + 1,\n', by="", caught_by="test_takes"
)
wrong(
    "9.4",
    "the version counts pieces",
    replace="ItemRow.version + 1",
    by="ItemRow.version + quantity",
    caught_by="test_takes",
)
wrong("9.4", "no trace of when", replace='            "updated_at": now,\n', by="", caught_by="test_takes")
wrong("9.4", "of every item", replace="ItemRow.id == item_id, ", by="", caught_by="test_takes")
wrong(
    "9.4",
    "commits",
    replace="        return None if row",
    by="        await self._session.commit()\n        return None if row",
    caught_by="test_does_not_commit",
)
wrong(
    "9.4",
    "returns what was there before",
    edits=[
        (
            "        row = await self._session.scalar(enough.values(changes).returning(ItemRow))\n",
            """        row = await self._session.scalar(select(ItemRow).where(ItemRow.id == item_id))
        before = None if row is None or row.quantity < quantity else as_plain(row, Item)
        await self._session.execute(enough.values(changes))
        return before
""",
        ),
        ("        return None if row is None else as_plain(row, Item)\n", ""),
        _SELECT,
    ],
    caught_by="test_takes",
)
right(
    "9.4",
    "locked, then computed in Python",
    edits=[
        (
            _TAKE,
            """        row = await self._session.scalar(for_update(select(ItemRow).where(ItemRow.id == item_id)))
        if row is None or row.quantity < quantity:
            return None
        row.quantity -= quantity
        row.version += 1
        row.updated_at = now
        await self._session.flush()
        return as_plain(row, Item)
""",
        ),
        ("from sqlalchemy import update", "from sqlalchemy import select"),
        ("from course_app.db.models", "from course_app.db.locks import for_update\nfrom course_app.db.models"),
    ],
)
right(
    "9.4",
    "the count of changed rows, then a read",
    edits=[
        (
            "        row = await self._session.scalar(enough.values(changes).returning(ItemRow))\n",
            """        done = await self._session.execute(enough.values(changes))
        row = await self._session.scalar(select(ItemRow).where(ItemRow.id == item_id)) if done.rowcount else None
""",
        ),
        _SELECT,
    ],
)

# --- 9.5 change an item that somebody else is changing ---------------------------------------------------------------

_EXPECT = """        if versions is None:
            return
        now = await self._session.scalar(for_update(select(ItemRow.version).where(ItemRow.id == item_id)))
        if now is not None and now not in versions:
            raise StaleVersion
"""
_NAME = """        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
"""
_UPDATE = """        await self._expect(item_id, expected)
        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
        changed = update(ItemRow).where(ItemRow.id == item_id).values(version=ItemRow.version + 1, **changes)
        return await self._one(changed.returning(ItemRow))
"""
_DELETE = """        await self._expect(item_id, expected)
        gone = await self._session.scalar(delete(ItemRow).where(ItemRow.id == item_id).returning(ItemRow.id))
        return gone is not None
"""
_HELPER = f"""    async def _expect(self, item_id: int, versions: Collection[int] | None) -> None:
        \"\"\"Raise `StaleVersion` unless the item has one of these versions. It then keeps it until we are done.\"\"\"
{_EXPECT}
"""

wrong(
    "9.5",
    "compares without a lock",
    replace="for_update(select(ItemRow.version).where(ItemRow.id == item_id))",
    by="select(ItemRow.version).where(ItemRow.id == item_id)",
    caught_by="test_one_wins",
)
wrong("9.5", "expects nothing", replace=_EXPECT, by="        return\n", caught_by="test_stale")
wrong("9.5", "an empty list is no list", replace="if versions is None:", by="if not versions:", caught_by="test_stale")
wrong(
    "9.5",
    "what is not there is stale",
    replace="if now is not None and now not in versions:",
    by="if now not in versions:",
    caught_by="test_delete",
)
wrong(
    "9.5",
    "the largest expected version counts",
    replace="now not in versions",
    by="now != max(versions, default=0)",
    caught_by="test_expected",
)
wrong(
    "9.5",
    "a newer version will do",
    replace="now not in versions",
    by="now < min(versions, default=now)",
    caught_by="test_stale",
)
wrong(
    "9.5",
    "deletes whatever version",
    replace="        await self._expect(item_id, expected)\n        gone",
    by="        gone",
    caught_by="test_stale",
)
wrong(
    "9.5",
    "the folded name is emptied by other changes",
    replace=_NAME,
    by='        changes["name_folded"] = changes.get("name", "").casefold()\n',
    caught_by="test_found_by_its_new_name",
)
wrong("9.5", "the version stays", replace="version=ItemRow.version + 1, ", by="", caught_by="test_update")
wrong(
    "9.5",
    "the version is counted in Python",
    edits=[
        (
            "        changed = update(",
            """        before = await self.get(item_id)
        version = 1 if before is None else before.version + 1
        changed = update(""",
        ),
        ("version=ItemRow.version + 1, ", "version=version, "),
    ],
    caught_by="test_everybody_counts",
)
wrong(
    "9.5",
    "all items are changed",
    replace="update(ItemRow).where(ItemRow.id == item_id).values",
    by="update(ItemRow).values",
    caught_by="test_update",
)
wrong(
    "9.5",
    "all items are deleted",
    replace="delete(ItemRow).where(ItemRow.id == item_id).returning",
    by="delete(ItemRow).returning",
    caught_by="test_delete",
)
wrong(
    "9.5",
    "deleted is deleted",
    replace="        return gone is not None\n",
    by="        return True\n",
    caught_by="test_delete",
)
wrong(
    "9.5",
    "null is no change",
    replace="**changes)\n        return await self._one(changed.returning(ItemRow))",
    by="""**{name: value for name, value in changes.items() if value is not None})
        return await self._one(changed.returning(ItemRow))""",
    caught_by="test_update",
)
wrong(
    "9.5",
    "each method commits",
    replace="        return await self._one(changed.returning(ItemRow))\n",
    by="""        item = await self._one(changed.returning(ItemRow))
        await self._session.commit()
        return item
""",
    caught_by="test_in_its_unit_of_work",
)
wrong(
    "9.5",
    "returns what was there before",
    replace="        return await self._one(changed.returning(ItemRow))\n",
    by="""        before = await self.get(item_id)
        await self._session.execute(changed)
        return before
""",
    caught_by="test_update",
)
for what, old, new, caught_by in (
    ("lower() is not folding", 'changes["name"].casefold()', 'changes["name"].lower()', "test_found_by_its_new_name"),
    (
        "nothing and 0 are no change",
        "**changes)\n        return",
        "**{name: value for name, value in changes.items() if value or name == 'description'})\n        return",
        "test_update",
    ),
    (
        "no changes, no version",
        "        changed = update(",
        """        if not changes:
            return await self.get(item_id)
        changed = update(""",
        "test_update",
    ),
    (
        "the same values, no version",
        "        changed = update(",
        """        item = await self.get(item_id)
        if item is not None and all(getattr(item, name, value) == value for name, value in changes.items()):
            return item
        changed = update(""",
        "test_update",
    ),
    (
        "takes the whole unit of work back",
        "            raise StaleVersion\n",
        "            await self._session.rollback()\n            raise StaleVersion\n",
        "test_in_its_unit_of_work",
    ),
):
    wrong("9.5", what, replace=old, by=new, caught_by=caught_by)
for what, fits in (
    ("numbers far below 0 are sent", "n < 2**31"),
    ("numbers a little below 64 bits are sent", "-(2**63) - 1 <= n < 2**63"),
):
    wrong(
        "9.5",
        what,
        replace=_UPDATE,
        by=f"""        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
        changed = update(ItemRow).where(ItemRow.id == item_id).values(version=ItemRow.version + 1, **changes)
        if expected is not None:
            changed = changed.where(ItemRow.version.in_([n for n in expected if {fits}][:1000]))
        item = await self._one(changed.returning(ItemRow))
        if item is None and await self.get(item_id) is not None:
            raise StaleVersion
        return item
""",
        caught_by="test_stale",
    )
right(
    "9.5",
    "changed inside a savepoint, and taken back",
    replace=_UPDATE,
    by="""        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
        changed = update(ItemRow).where(ItemRow.id == item_id).values(version=ItemRow.version + 1, **changes)
        async with self._session.begin_nested():
            item = await self._one(changed.returning(ItemRow))
            if item is not None and expected is not None and item.version - 1 not in expected:
                raise StaleVersion
        return item
""",
)
wrong(
    "9.5",
    "in one statement, with every number a client sends",
    edits=[
        (
            _UPDATE,
            """        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
        changed = update(ItemRow).where(ItemRow.id == item_id).values(version=ItemRow.version + 1, **changes)
        if expected is not None:
            changed = changed.where(ItemRow.version.in_(expected))
        item = await self._one(changed.returning(ItemRow))
        if item is None and await self.get(item_id) is not None:
            raise StaleVersion
        return item
""",
        ),
    ],
    caught_by="test_expected",
)
right(
    "9.5",
    "in one statement, with the numbers that can be",
    edits=[
        (
            _UPDATE,
            """        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
        changed = update(ItemRow).where(ItemRow.id == item_id).values(version=ItemRow.version + 1, **changes)
        if expected is not None:
            now = await self._session.scalar(select(ItemRow.version).where(ItemRow.id == item_id))
            changed = changed.where(ItemRow.version == (now if now in expected else -1))
        item = await self._one(changed.returning(ItemRow))
        if item is None and await self.get(item_id) is not None:
            raise StaleVersion
        return item
""",
        ),
    ],
)
right(
    "9.5",
    "the row locked, changed and flushed",
    edits=[
        (
            _UPDATE,
            """        row = await self._locked(item_id, expected)
        if row is None:
            return None
        for name, value in changes.items():
            setattr(row, name, value)
        row.name_folded = row.name.casefold()
        row.version += 1
        await self._session.flush()
        return as_plain(row, Item)
""",
        ),
        (
            _DELETE,
            """        row = await self._locked(item_id, expected)
        if row is None:
            return False
        await self._session.delete(row)
        await self._session.flush()
        return True
""",
        ),
        (
            _HELPER,
            """    async def _locked(self, item_id: int, versions: Collection[int] | None) -> Any:
        row = await self._session.scalar(for_update(select(ItemRow).where(ItemRow.id == item_id)))
        if row is not None and versions is not None and row.version not in versions:
            raise StaleVersion
        return row

""",
        ),
    ],
)

# --- 9.6 409 from the constraint -------------------------------------------------------------------------------------

_TRY = """        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
            named = ("uq_users_email", "UNIQUE constraint failed: users.email")
            if not any(words in str(error.orig) for words in named):
                raise
            raise EmailTaken from None
"""

wrong(
    "9.6",
    "asks first and stores later",
    replace=_TRY,
    by="""        if await self.get_by_email(email) is not None:
            raise EmailTaken
        self._session.add(row)
        await self._session.flush()
""",
    caught_by="test_at_once",
)
wrong(
    "9.6",
    "every violated rule is the address",
    replace="            if not any(words in str(error.orig) for words in named):\n                raise\n",
    by="",
    caught_by="test_only_the_address",
)
wrong(
    "9.6",
    "without a savepoint",
    replace="""            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
            named = ("uq_users_email", "UNIQUE constraint failed: users.email")
            if not any(words in str(error.orig) for words in named):
                raise
""",
    by="""            self._session.add(row)
            await self._session.flush()
        except IntegrityError as error:
            if "email" not in str(error.orig):
                raise
""",
    caught_by="test_work_goes_on",
)
wrong(
    "9.6",
    "everything is rolled back",
    replace="""            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
""",
    by="""            self._session.add(row)
            await self._session.flush()
        except IntegrityError:
            await self._session.rollback()
""",
    caught_by="test_work_goes_on",
)
wrong(
    "9.6",
    "commits, so that the next unit of work sees it",
    replace="        return as_plain(row, User)\n\n    async def update",
    by="        await self._session.commit()\n        return as_plain(row, User)\n\n    async def update",
    caught_by="test_does_not_commit",
)
wrong(
    "9.6",
    "left to the commit",
    replace=_TRY,
    by="        self._session.add(row)\n",
    caught_by="test_adds",
)
wrong(
    "9.6",
    "the IntegrityError goes on",
    replace="            raise EmailTaken from None\n",
    by="            raise\n",
    caught_by="test_taken",
)
wrong(
    "9.6",
    "a statement mentions the address, so it is the address",
    replace="""        except IntegrityError as error:
            named = ("uq_users_email", "UNIQUE constraint failed: users.email")
            if not any(words in str(error.orig) for words in named):
                raise
""",
    by="""        except IntegrityError as error:
            if "email" not in str(error):
                raise
""",
    caught_by="test_only_the_address",
)
wrong(
    "9.6",
    "every new account is a plain user",
    replace="            role=role,\n",
    by="            role=Role.USER,\n",
    caught_by="test_adds",
)
wrong(
    "9.6",
    "new accounts have to be opened",
    replace="            role=role,\n",
    by="            role=role,\n            is_active=False,\n",
    caught_by="test_adds",
)
wrong(
    "9.6",
    "the account that is there is returned",
    replace="            raise EmailTaken from None\n",
    by="            return await self.get_by_email(email)  # type: ignore[return-value]\n",
    caught_by="test_taken",
)
wrong(
    "9.6",
    "only SQLite's words",
    replace="""        except IntegrityError as error:
            named = ("uq_users_email", "UNIQUE constraint failed: users.email")
            if not any(words in str(error.orig) for words in named):
                raise
""",
    by="""        except IntegrityError as error:
            if "UNIQUE constraint failed: users.email" not in str(error.orig):
                raise
""",
    caught_by="test_as_postgresql_tells_it",
)
wrong(
    "9.6",
    "in small letters",
    replace="            email=email,\n",
    by="            email=email.lower(),\n",
    caught_by="test_adds",
)
wrong(
    "9.6",
    "asks without regard to case",
    replace="        try:\n            async with self._session.begin_nested",
    by="""        if await self._session.scalar(select(UserRow.id).where(func.lower(UserRow.email) == email.lower())):
            raise EmailTaken
        try:
            async with self._session.begin_nested""",
    caught_by="test_taken",
)
wrong(
    "9.6",
    "a violated key is the address, when one like it is there",
    replace="if not any(words in str(error.orig) for words in named):",
    by="if not await self._session.scalar(select(UserRow.id).where(UserRow.email.ilike(email))):",
    caught_by="test_only_the_address",
)
right(
    "9.6",
    "the name of the constraint is read",
    replace="""        except IntegrityError as error:
            named = ("uq_users_email", "UNIQUE constraint failed: users.email")
            if not any(words in str(error.orig) for words in named):
                raise
""",
    by="""        except IntegrityError as error:
            if not any(name in str(error.orig) for name in ("users.email", "uq_users_email")):
                raise
""",
)
right(
    "9.6",
    "asks afterwards whether somebody has the address",
    replace=_TRY,
    by="""        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            if await self.get_by_email(email) is None:
                raise
            raise EmailTaken from None
""",
)
right(
    "9.6",
    "a flush inside the savepoint",
    replace="                self._session.add(row)\n",
    by="                self._session.add(row)\n                await self._session.flush()\n",
)
right(
    "9.6",
    "on conflict do nothing",
    edits=[
        (
            "        row = UserRow(\n",
            "        values = dict(\n",
        ),
        (
            _TRY,
            """        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        made = dialect.insert(UserRow).values(**values).on_conflict_do_nothing(index_elements=["email"])
        row = await self._session.scalar(made.returning(UserRow))
        if row is None:
            raise EmailTaken
""",
        ),
        ("from sqlalchemy.exc import IntegrityError\n", "from sqlalchemy.dialects import postgresql, sqlite\n"),
    ],
)

# --- 9.7 two queries for a report ------------------------------------------------------------------------------------

_OPTION = ".options(selectinload(Owner.things))"

wrong(
    "9.7",
    "one by one",
    replace=f"{_OPTION}\n    return list(await session.scalars(query))",
    by="""
    owners = list(await session.scalars(query))
    for owner in owners:
        await session.refresh(owner, ["things"])
    return owners""",
    caught_by="test_two_statements",
)
wrong(
    "9.7",
    "everything is read and cut in Python",
    replace=f".limit(limit){_OPTION}\n    return list(await session.scalars(query))",
    by=f"{_OPTION}\n    return list(await session.scalars(query))[:limit]",
    caught_by="test_no_things_of_others",
)
wrong("9.7", "the limit is forgotten", replace=".limit(limit)", by="", caught_by="test_limit")
wrong("9.7", "by id", replace="order_by(Owner.name, Owner.id)", by="order_by(Owner.id)", caught_by="test_report")
wrong(
    "9.7",
    "equal names the other way round",
    replace="order_by(Owner.name, Owner.id)",
    by="order_by(Owner.name, Owner.id.desc())",
    caught_by="test_report",
)
wrong(
    "9.7",
    "who has nothing is left out",
    replace="select(Owner).order_by",
    by="select(Owner).where(Owner.things.any()).order_by",
    caught_by="test_report",
)
wrong(
    "9.7",
    "joined by hand: the limit counts things",
    edits=[
        ("select(Owner).order_by", "select(Owner).outerjoin(Owner.things).order_by"),
        ("selectinload(Owner.things)", "contains_eager(Owner.things)"),
        ("list(await session.scalars(query))", "list((await session.scalars(query)).unique())"),
        ("relationship, selectinload", "relationship, contains_eager"),
    ],
    caught_by="test_limit",
)
wrong(
    "9.7",
    "a tuple",
    replace="list(await session.scalars(query))",
    by="tuple(await session.scalars(query))",
    caught_by="test_report",
)
for what, old, new in (
    ("equal names in any order", "order_by(Owner.name, Owner.id)", "order_by(Owner.name)"),
    ("things in any order", 'relationship(order_by="Thing.id", lazy="raise")', 'relationship(lazy="raise")'),
    ("things by name", 'order_by="Thing.id"', 'order_by="Thing.name"'),
    ("without regard to case", "order_by(Owner.name, ", "order_by(func.lower(Owner.name), "),
    ("rows in place of owners", "list(await session.scalars(query))", "list(await session.execute(query))"),
):
    wrong("9.7", what, edits=[(old, new), ("ForeignKey, select", "ForeignKey, func, select")], caught_by="test_report")
wrong("9.7", "never more than 50", replace="limit(limit)", by="limit(min(limit, 50))", caught_by="test_two_statements")
right(
    "9.7",
    "joined: SQLAlchemy puts the limit into a subquery",
    edits=[
        ("selectinload(Owner.things)", "joinedload(Owner.things)"),
        ("list(await session.scalars(query))", "list((await session.scalars(query)).unique())"),
        ("relationship, selectinload", "joinedload, relationship"),
    ],
)
right(
    "9.7",
    "by a subquery",
    edits=[("selectinload(", "subqueryload("), ("relationship, selectinload", "relationship, subqueryload")],
)
right(
    "9.7",
    "the second query by hand",
    edits=[
        (
            f"{_OPTION}\n    return list(await session.scalars(query))",
            """
    owners = list(await session.scalars(query))
    things: dict[int, list[Thing]] = {owner.id: [] for owner in owners}
    for thing in await session.scalars(select(Thing).where(Thing.owner_id.in_(things)).order_by(Thing.id)):
        things[thing.owner_id].append(thing)
    for owner in owners:
        set_committed_value(owner, "things", things[owner.id])
    return owners""",
        ),
        ("relationship, selectinload", "relationship\nfrom sqlalchemy.orm.attributes import set_committed_value"),
    ],
)
