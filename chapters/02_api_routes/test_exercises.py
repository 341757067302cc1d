"""The checks of chapter 02."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Request, Response
from pydantic import BaseModel, Field

from coursekit.testing import answer, client_for, expect_equal, expect_status, raises, told

JSON = {"Content-Type": "application/json"}


def sent_in(response: Response) -> str:
    """The request, for a message."""
    request = response.request
    body = request.content.decode(errors="replace")
    return f"{request.method} {request.url.raw_path.decode('ascii')}" + (f" {body}" if body else "")


def expect_json(response: Response, status: int, expected: object) -> None:
    """Assert the status and the whole JSON body."""
    expect_status(response, status, sent_in(response))
    expect_equal(body_of(response), expected, sent_in(response))


def expect_success(response: Response) -> None:
    """Assert a 2xx status; another check looks at which one."""
    expect_status(response, response.status_code if response.is_success else 200, sent_in(response))


def body_of(response: Response) -> Any:
    """The JSON body."""
    try:
        return response.json()
    except ValueError:
        raise AssertionError(told(sent_in(response), "a JSON body", response.text or "an empty one")) from None


# 2.1


def page_client() -> AsyncClient:
    """A client on a route that shows the page."""

    async def show_page(page: Any) -> dict[str, Any]:
        return {"skip": page.skip, "limit": page.limit}

    return client_on(show_page)


def expect_page(response: Response, skip: int, limit: int) -> None:
    """Assert the page, as integers."""
    expect_status(response, 200)
    page = body_of(response)
    for name, value in (("skip", skip), ("limit", limit)):
        expect_equal(page[name], value, f"{sent_in(response)}, {name}")


def client_on(show_page: Any) -> AsyncClient:
    """A client on this route, whose parameter `page` is a `PageDep`."""
    app = FastAPI()
    show_page.__annotations__["page"] = answer.PageDep
    try:
        app.get("/rows")(show_page)
    except Exception as error:
        raise AssertionError(
            f"FastAPI takes no route with a parameter of this PageDep: {type(error).__name__}"
        ) from error
    return client_for(app)


@pytest.mark.exercise("2.1")
async def test_defaults():
    """Without parameters a page starts at 0 and has 20 rows."""
    expect_page(await page_client().get("/rows"), 0, 20)


@pytest.mark.exercise("2.1")
async def test_values_are_read():
    """Both parameters are read as integers, each with or without the other, leading zeros or not."""
    client = page_client()
    for query, skip, limit in (
        ("skip=40&limit=10", 40, 10),
        ("limit=5", 0, 5),
        ("skip=3", 3, 20),
        ("skip=000&limit=007", 0, 7),
    ):
        expect_page(await client.get(f"/rows?{query}"), skip, limit)


@pytest.mark.exercise("2.1")
async def test_limit_ends():
    """Limits of 1 and 100 are allowed."""
    client = page_client()
    for limit in (1, 100):
        expect_page(await client.get(f"/rows?limit={limit}&skip=0"), 0, limit)


@pytest.mark.exercise("2.1")
async def test_limit_bounds():
    """A limit below 1 or above 100 is refused with 422."""
    client = page_client()
    for limit in ("0", "101", "-1", "1000000000", "9" * 30):
        expect_status(await client.get(f"/rows?limit={limit}"), 422)


@pytest.mark.exercise("2.1")
async def test_skip_ends():
    """Skips of 0 and 1 000 000 are allowed."""
    client = page_client()
    for skip in (0, 1, 1_000_000):
        expect_page(await client.get(f"/rows?skip={skip}&limit=20"), skip, 20)


@pytest.mark.exercise("2.1")
async def test_skip_bounds():
    """A skip below 0 or above 1 000 000 is refused with 422."""
    client = page_client()
    for skip in ("-1", "1000001", "9223372036854775808"):
        expect_status(await client.get(f"/rows?skip={skip}"), 422)


@pytest.mark.exercise("2.1")
async def test_digits_only():
    """Both have to be written in ASCII digits; anything else is refused with 422."""
    client = page_client()
    for name in ("skip", "limit"):
        for value in ("", " 5", "5 ", "+5", "-0", "5.0", "1_0", "٥", "５", "²", "1e1", "five", "5\n"):
            response = await client.get("/rows", params={name: value})
            expect_status(response, 422, f"GET /rows with {name}={value!r}")


@pytest.mark.exercise("2.1")
async def test_beside_other_parameters():
    """`PageDep` leaves other query parameters of the route alone."""

    async def show_page(page: Any, q: str = "none") -> dict[str, Any]:
        return {"skip": page.skip, "limit": page.limit, "q": q}

    response = await client_on(show_page).get("/rows?q=lamp&limit=2&r=1")
    expect_json(response, 200, {"skip": 0, "limit": 2, "q": "lamp"})


# 2.2

FIELDS = ("id", "name", "price", "created_at")


@dataclass(frozen=True)
class Row:
    """Something to sort."""

    id: int
    name: str = ""
    price: Decimal = Decimal(0)


def order(field: str, descending: bool) -> Any:
    """The learner's `Order`."""
    return answer.Order(field, descending=descending)


def expect_ids(rows: list[Row], by: Any, expected: list[int]) -> None:
    """Assert in which order the rows come out."""
    sent = f"arrange of rows with the ids {[row.id for row in rows]} by {by.field}"
    got = answer.arrange(rows, by)
    assert isinstance(got, list), told(sent, "a list", type(got).__name__)
    expect_equal([row.id for row in got], expected, sent + (", descending" if by.descending else ""))


@pytest.mark.exercise("2.2")
@pytest.mark.parametrize("allowed", [FIELDS, list(FIELDS), set(FIELDS), frozenset(FIELDS)])
def test_allowed_fields(allowed):
    """Each allowed field gives an ascending order, and with a - a descending one."""
    for field in FIELDS:
        for value, descending in ((field, False), ("-" + field, True)):
            got = answer.parse_sort(value, allowed)
            sent = f"parse_sort({value!r}, ...)"
            assert got == answer.Order(field, descending=descending), told(sent, order(field, descending), got)
            expect_equal(got.descending, descending, sent + ".descending")


@pytest.mark.exercise("2.2")
@pytest.mark.parametrize("value", ["hashed_password", "-hashed_password", "__class__", "quantity"])
def test_whitelist(value):
    """A field that is not allowed raises ValueError."""
    raises(ValueError, answer.parse_sort, value, FIELDS)
    raises(ValueError, answer.parse_sort, "price", ("id", "name"))


@pytest.mark.exercise("2.2")
@pytest.mark.parametrize(
    "value",
    [
        *("", "-", "--price", "---price", "+price", "price-", "-price-", "- price", "Price", "PRICE", "pric", "rice"),
        *("created", "created-at", "price,id", "price;id", "price desc", " price", "price ", "price\n", "\tprice"),
    ],
)
def test_form(value):
    """Anything but a field's exact name, after one - at most, raises ValueError."""
    raises(ValueError, answer.parse_sort, value, FIELDS)


@pytest.mark.exercise("2.2")
def test_ascending_and_descending():
    """Rows come from small to large, and from large to small when descending."""
    rows = [Row(1, price=Decimal(9)), Row(2, price=Decimal(10)), Row(3, price=Decimal("2.5"))]
    expect_ids(rows, order("price", False), [3, 1, 2])
    expect_ids(rows, order("price", True), [2, 1, 3])
    expect_ids(rows, order("id", True), [3, 2, 1])


@pytest.mark.exercise("2.2")
@pytest.mark.parametrize("descending", [False, True])
def test_ties(descending):
    """Rows with equal values come by ascending id, also when the order is descending."""
    rows = [Row(3, "b"), Row(4, "a"), Row(1, "b"), Row(5, "a"), Row(2, "b"), Row(12, "b")]
    expected = [1, 2, 3, 12, 4, 5] if descending else [4, 5, 1, 2, 3, 12]
    expect_ids(rows, order("name", descending), expected)


@pytest.mark.exercise("2.2")
def test_code_points():
    """Texts compare by code point: capitals before small letters, and letters with accents after both."""
    rows = [Row(1, "ant"), Row(2, "Zoo"), Row(3, "é"), Row(4, "zoo"), Row(5, "10"), Row(6, "9"), Row(7, "")]
    expect_ids(rows, order("name", False), [7, 5, 6, 2, 1, 4, 3])
    expect_ids(rows, order("name", True), [3, 4, 1, 2, 6, 5, 7])


@pytest.mark.exercise("2.2")
def test_input_is_kept():
    """The rows may come from any iterable, a list that is passed in stays as it was, and the result is a new list."""
    rows = [Row(2), Row(1), Row(3)]
    got = answer.arrange(rows, order("id", False))
    expect_equal([row.id for row in rows], [2, 1, 3], "the ids of the list that was given to arrange, afterwards")
    assert got is not rows, told("arrange of a list", "a new list", "the same list")
    ordered = [Row(1), Row(2)]
    assert answer.arrange(ordered, order("id", False)) is not ordered, told("arrange of a sorted list", "a new list")
    got = answer.arrange((row for row in rows), order("id", True))
    assert isinstance(got, list), told("arrange of a generator", "a list", type(got).__name__)
    expect_equal([row.id for row in got], [3, 2, 1], "arrange of a generator")
    expect_equal(answer.arrange([], order("name", True)), [], "arrange of no rows")


# 2.3


class Settings(BaseModel):
    """Some body of a PATCH, in which null is a value."""

    title: str | None = None
    count: int = 0
    enabled: bool = True
    tags: list[str] = []


class Invoice(BaseModel):
    """A body whose values are no JSON, and whose names in JSON are others."""

    total: Decimal = Decimal(0)
    due_date: date = Field(default=date(2026, 1, 1), alias="dueDate")
    paid_at: datetime | None = Field(default=None, alias="paidAt")
    note: str = ""


def item(**fields: Any) -> Any:
    """An `ItemWrite`, as if these fields were sent."""
    from course_app.schemas.items import ItemWrite

    return ItemWrite.model_validate(fields)


def expect_dict(got: Any, expected: dict[str, Any], sent: str) -> None:
    """Assert a dictionary, with the types of its values."""
    expect_equal(got, expected, sent)
    for name, value in expected.items():
        expect_equal(got[name], value, f"{sent}, field {name}")


@pytest.mark.exercise("2.3")
def test_replacement_all_sent():
    """A replacement has every field that was sent, and the price is a Decimal."""
    sent = {"name": "Lamp", "description": "small", "price": "19.90", "quantity": 3}
    expect_dict(answer.replacement(item(**sent)), sent | {"price": Decimal("19.90")}, f"replacement of {sent}")


@pytest.mark.exercise("2.3")
def test_replacement_defaults():
    """A replacement has the default of every field that was not sent."""
    sent = {"name": "Lamp", "price": 5}
    expected = {"name": "Lamp", "description": None, "price": Decimal("5.00"), "quantity": 0}
    expect_dict(answer.replacement(item(**sent)), expected, f"replacement of {sent}")


@pytest.mark.exercise("2.3")
def test_replacement_null():
    """A null that was sent is part of a replacement, as are a zero and an empty text."""
    for sent in (
        {"name": "Lamp", "description": None, "price": 0, "quantity": 0},
        {"name": "Lamp", "description": "", "price": 0, "quantity": 1},
    ):
        expect_dict(answer.replacement(item(**sent)), sent | {"price": Decimal("0.00")}, f"replacement of {sent}")


@pytest.mark.exercise("2.3")
def test_patch_only_what_was_sent():
    """A patch has what was sent and nothing else; an empty body gives an empty patch."""
    from course_app.schemas.users import UserPatch

    for sent, expected in (
        ({}, {}),
        ({"is_active": False}, {"is_active": False}),
        ({"is_active": True}, {"is_active": True}),
        ({"role": "manager"}, {"role": "manager"}),
        ({"role": "user", "is_active": True}, {"role": "user", "is_active": True}),
    ):
        expect_dict(answer.patch(UserPatch.model_validate(sent)), expected, f"patch of {sent}")


@pytest.mark.exercise("2.3")
@pytest.mark.parametrize("sent", [{"title": None}, {"title": None, "count": 3}])
def test_patch_null(sent):
    """A null that was sent is part of a patch."""
    expect_dict(answer.patch(Settings.model_validate(sent)), sent, f"patch of {sent}")


@pytest.mark.exercise("2.3")
@pytest.mark.parametrize("sent", [{"count": 0}, {"enabled": True}, {"enabled": False}, {"title": ""}, {"tags": []}])
def test_patch_defaults_and_falsy(sent):
    """A field counts as sent also when its value is false, zero, empty or its default."""
    expect_dict(answer.patch(Settings.model_validate(sent)), sent, f"patch of {sent}")


@pytest.mark.exercise("2.3")
def test_patch_values_and_names():
    """A patch has the values that the model holds, dates and Decimals, under the names of the model's fields."""
    paid = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
    for sent, expected in (
        ({"total": "19.90"}, {"total": Decimal("19.90")}),
        ({"total": "0", "dueDate": "2026-02-03"}, {"total": Decimal(0), "due_date": date(2026, 2, 3)}),
        ({"paidAt": "2026-02-01T09:30:00Z", "note": "x"}, {"paid_at": paid, "note": "x"}),
    ):
        expect_dict(answer.patch(Invoice.model_validate(sent)), expected, f"patch of {sent}")


@pytest.mark.exercise("2.3")
def test_new_dictionary():
    """Each call gives a new dictionary, and changing it leaves the body as it was."""
    body, other = item(name="Lamp", price="1.00"), Settings.model_validate({"count": 1})
    for function, value in ((answer.replacement, body), (answer.patch, other)):
        before = value.model_copy(deep=True)
        first = function(value)
        expected = dict(first)
        first["more"] = first.pop("name", None)
        expect_equal(value, before, "the body, after its dictionary was changed")
        expect_equal(function(value), expected, "what a second call returns, after the first dictionary was changed")


# 2.4

LAMP = {"name": "Lamp", "description": "small", "price": "19.90", "quantity": 3}
BAD_BODIES = [{"name": "Lamp"}, LAMP | {"price": "1.999"}, LAMP | {"quantity": "3"}, LAMP | {"owner_id": 5}]
ENVELOPE = ["data", "errors", "message", "success"]
ITEM = ["created_at", "description", "id", "name", "owner_id", "price", "quantity", "updated_at"]


class BrokenStore:
    """A repository whose database has gone."""

    async def get(self, *_: Any, **__: Any) -> Any:
        """Fail."""
        raise RuntimeError("the database has gone")

    add = update = delete = page = get


_built: dict[int, FastAPI] = {}


def application_of(router: Any) -> FastAPI:
    """An application that has this router at /api/v1/items, and little else: built once for all checks of an answer."""
    from course_app.api.errors import install_error_handlers

    if id(router) not in _built:
        app = FastAPI(redirect_slashes=False)
        app.state.router = router
        install_error_handlers(app)
        app.include_router(router, prefix="/api/v1/items")
        _built[id(router)] = app
    return _built[id(router)]


@pytest.fixture
def items_app(clock):
    """The application with the learner's router, and with an empty store."""
    from course_app.db.tables import new_tables

    app = application_of(answer.router)
    app.state.clock, app.state.memory = clock, new_tables()
    app.dependency_overrides = {}
    return app


@pytest.fixture
async def items(anyio_backend, items_app):
    """A client on that application."""
    async with client_for(items_app) as http:
        yield http


async def stored(items: AsyncClient, **fields: Any) -> dict[str, Any]:
    """POST an item and return it."""
    response = await items.post("/api/v1/items", json=LAMP | fields)
    expect_success(response)
    item_shown: dict[str, Any] = data_of(response)
    return item_shown


def data_of(response: Response) -> Any:
    """The envelope's data."""
    body = body_of(response)
    sent = sent_in(response)
    names = sorted(body) if isinstance(body, dict) else []
    assert names == ENVELOPE, told(sent, "the envelope", body)
    assert (body["success"], body["errors"]) == (True, None), told(sent, "success true, errors null", body)
    return body["data"]


async def listed(items: AsyncClient) -> list[int]:
    """The ids of all items."""
    response = await items.get("/api/v1/items?limit=100")
    expect_status(response, 200)
    return [row["id"] for row in data_of(response)["items"]]


def expect_failure(response: Response, status: int) -> None:
    """Assert an error in the envelope."""
    expect_status(response, status, sent_in(response))
    body = body_of(response)
    success = body.get("success") if isinstance(body, dict) else None
    assert success is False, told(sent_in(response), "the envelope of an error", body)


def expect_no_item(response: Response) -> None:
    """Assert the service's 404."""
    expect_failure(response, 404)
    expect_equal(response.json().get("message"), "There is no such item.", f"{sent_in(response)}, message")


@pytest.mark.exercise("2.4")
async def test_create(items):
    """POST answers 201 with the new item, and the list has it."""
    response = await items.post("/api/v1/items", json={"name": "Lamp", "price": 19.9})
    expect_status(response, 201, sent_in(response))
    times = {"created_at": "2026-01-01T09:00:00Z", "updated_at": "2026-01-01T09:00:00Z"}
    expected = {"id": 1, "name": "Lamp", "description": None, "price": "19.90", "quantity": 0, "owner_id": None}
    expect_equal(data_of(response), expected | times, sent_in(response))
    expect_equal(await listed(items), [1], "GET /api/v1/items after one POST, ids")
    expect_equal((await stored(items))["id"], 2, "a second POST, id")


@pytest.mark.exercise("2.4")
async def test_location(items):
    """`Location` is the path of the new item, without a host, and GET finds the item there."""
    for number in (1, 2):
        response = await items.post("/api/v1/items", json=LAMP, headers={"Host": "evil.example"})
        expect_success(response)
        sent = f"{sent_in(response)}, header Location"
        expect_equal(response.headers.get("location"), f"/api/v1/items/{number}", sent)
        shown = await items.get(response.headers["location"])
        expect_status(shown, 200)
        expect_equal(data_of(shown), data_of(response), sent_in(shown))


@pytest.mark.exercise("2.4")
async def test_get(items):
    """GET answers 200 with that item and no other, and changes nothing."""
    first, second = await stored(items), await stored(items, name="Chair")
    for shown in (second, first, second):
        response = await items.get(f"/api/v1/items/{shown['id']}")
        expect_status(response, 200)
        expect_equal(data_of(response), shown, sent_in(response))


@pytest.mark.exercise("2.4")
async def test_replace(items, clock):
    """PUT answers 200 with the replaced item: what was left out has its default, `updated_at` moves, the rest stays."""
    before, other = await stored(items), await stored(items, name="Chair")
    clock.advance(minutes=5)
    response = await items.put("/api/v1/items/1", json={"name": "Torch", "price": "7"})
    expect_status(response, 200, sent_in(response))
    new = {"name": "Torch", "description": None, "price": "7.00", "quantity": 0, "updated_at": "2026-01-01T09:05:00Z"}
    expect_equal(data_of(response), before | new, sent_in(response))
    for shown in (before | new, other):
        response = await items.get(f"/api/v1/items/{shown['id']}")
        expect_status(response, 200)
        expect_equal(data_of(response), shown, f"{sent_in(response)} after the PUT")


@pytest.mark.exercise("2.4")
async def test_delete(items):
    """DELETE answers 204 without a body, and that item, no other, is gone."""
    await stored(items)
    await stored(items)
    response = await items.delete("/api/v1/items/1")
    expect_status(response, 204)
    expect_equal(response.content, b"", f"{sent_in(response)}, body")
    expect_failure(await items.get("/api/v1/items/1"), 404)
    expect_equal(await listed(items), [2], "GET /api/v1/items after DELETE /api/v1/items/1, ids")


@pytest.mark.exercise("2.4")
async def test_unknown(items, items_app):
    """An unknown id is the service's 404 for GET, PUT and DELETE, twice too; PUT makes no item; nothing else is 404."""
    for url in ("/api/v1/items/1", "/api/v1/items/9223372036854775807"):
        expect_no_item(await items.get(url))
        expect_no_item(await items.put(url, json=LAMP))
        expect_no_item(await items.delete(url))
    expect_equal(await listed(items), [], "GET /api/v1/items after a PUT to an unknown id, ids")
    await stored(items)
    expect_success(await items.delete("/api/v1/items/1"))
    expect_no_item(await items.delete("/api/v1/items/1"))
    expect_no_item(await items.put("/api/v1/items/1", json=LAMP))
    from course_app.api.deps import get_item_repository

    items_app.dependency_overrides[get_item_repository] = BrokenStore
    for response in (await items.get(url), await items.put(url, json=LAMP), await items.delete(url)):
        sent = f"{sent_in(response)} while the store raises RuntimeError"
        expect_equal(response.status_code, 500, f"{sent}, status")


@pytest.mark.exercise("2.4")
async def test_invalid(items):
    """Invalid bodies and ids are 422, and change nothing."""
    shown = await stored(items)
    for body in BAD_BODIES:
        expect_failure(await items.post("/api/v1/items", json=body), 422)
    for body in BAD_BODIES[:2]:
        expect_failure(await items.put("/api/v1/items/1", json=body), 422)
    for item_id in ("0", "1.0", str(2**63)):
        url = f"/api/v1/items/{item_id}"
        expect_failure(await items.get(url), 422)
        expect_failure(await items.put(url, json=LAMP), 422)
        expect_failure(await items.delete(url), 422)
    response = await items.get("/api/v1/items")
    expect_equal(data_of(response)["items"], [shown], "GET /api/v1/items after invalid requests")


@pytest.mark.exercise("2.4")
async def test_documented(items):
    """The OpenAPI document has every status of each operation and its body: the envelope, on success with an item."""
    document = (await items.get("/openapi.json")).json()
    schemas = document.get("components", {}).get("schemas", {})

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        return schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)

    paths = {name.partition("{")[0]: operations for name, operations in document["paths"].items()}
    for path, method, statuses in (
        ("/api/v1/items", "post", ["201", "422"]),
        ("/api/v1/items/{item_id}", "get", ["200", "404", "422"]),
        ("/api/v1/items/{item_id}", "put", ["200", "404", "422"]),
        ("/api/v1/items/{item_id}", "delete", ["204", "404", "422"]),
    ):
        responses = paths.get(path.partition("{")[0], {}).get(method, {}).get("responses", {})
        where = f"the OpenAPI document, {method.upper()} {path}"
        expect_equal(sorted(responses), statuses, f"{where}, statuses")
        for status in statuses:
            schema = responses[status].get("content", {}).get("application/json", {}).get("schema", {})
            fields = resolved(schema).get("properties", {})
            if status == "204":
                continue
            expect_equal(sorted(fields), ENVELOPE, f"{where}, fields of the body of a {status}")
            if status in ("200", "201"):
                data = fields["data"]
                shown = [resolved(one).get("properties", {}) for one in data.get("anyOf", [data])]
                got = sorted(name for one in shown for name in one)
                expect_equal(got, ITEM, f"{where}, fields of `data` in the body of a {status}")


# 2.5

SAW_1 = {"name": "Saw", "price": "19.99"}
SAW_2 = {"name": "Saw", "price": {"amount": "19.99", "currency": "EUR"}}
AXE_1 = {"name": "Axe", "price": "0.05"}
AXE_2 = {"name": "Axe", "price": {"amount": "0.05", "currency": "EUR"}}
AMOUNTS = ("0.00", "19.90", "20.00", "1234567.00")
HEADERS = {"deprecation": "@1767225600", "link": '</api/v2/tools>; rel="successor-version"'}


@pytest.mark.exercise("2.5")
async def test_own_shelf():
    """Two applications have a shelf each."""
    one, two = client_for(answer.new_app()), client_for(answer.new_app())
    expect_success(await one.post("/api/v2/tools", json=SAW_2))
    expect_success(await one.post("/api/v1/tools", json=AXE_1))
    for version in ("v1", "v2"):
        expect_json(await two.get(f"/api/{version}/tools"), 200, [])


@pytest.mark.exercise("2.5")
async def test_version_1_is_unchanged():
    """Version 1 answers as before: list, create, get, 404 and 422."""
    client = client_for(answer.new_app())
    expect_json(await client.get("/api/v1/tools"), 200, [])
    expect_json(await client.post("/api/v1/tools", json=SAW_1), 201, SAW_1)
    expect_json(await client.post("/api/v1/tools", json=AXE_1), 201, AXE_1)
    expect_json(await client.get("/api/v1/tools"), 200, [SAW_1, AXE_1])
    expect_json(await client.get("/api/v1/tools/2"), 200, AXE_1)
    expect_json(await client.get("/api/v1/tools/3"), 404, {"detail": "Not Found"})
    expect_status(await client.post("/api/v1/tools", json=SAW_2), 422, "POST /api/v1/tools with a price of version 2")
    expect_json(await client.get("/api/v1/tools"), 200, [SAW_1, AXE_1])


@pytest.mark.exercise("2.5")
async def test_version_2_alone():
    """Version 2 stores, lists and shows tools in the new form."""
    client = client_for(answer.new_app())
    expect_json(await client.get("/api/v2/tools"), 200, [])
    expect_json(await client.post("/api/v2/tools", json=SAW_2), 201, SAW_2)
    expect_json(await client.post("/api/v2/tools", json=AXE_2), 201, AXE_2)
    expect_json(await client.get("/api/v2/tools"), 200, [SAW_2, AXE_2])
    for number, tool in ((1, SAW_2), (2, AXE_2)):
        expect_json(await client.get(f"/api/v2/tools/{number}"), 200, tool)


@pytest.mark.exercise("2.5")
async def test_one_shelf():
    """Both versions show the same tools under the same numbers, to the cent, whichever version stored them."""
    client = client_for(answer.new_app())
    for number, amount in enumerate(AMOUNTS):
        old, new = {"name": "Saw", "price": amount}, {"name": "Axe", "price": {"amount": amount, "currency": "EUR"}}
        expect_success(await client.post("/api/v1/tools", json=old))
        expect_success(await client.post("/api/v2/tools", json=new))
        expect_json(await client.get(f"/api/v2/tools/{2 * number + 1}"), 200, new | {"name": "Saw"})
        expect_json(await client.get(f"/api/v1/tools/{2 * number + 2}"), 200, old | {"name": "Axe"})
    tools = [(name, amount) for amount in AMOUNTS for name in ("Saw", "Axe")]
    old_form = [{"name": name, "price": amount} for name, amount in tools]
    new_form = [{"name": name, "price": {"amount": amount, "currency": "EUR"}} for name, amount in tools]
    expect_json(await client.get("/api/v1/tools"), 200, old_form)
    expect_json(await client.get("/api/v2/tools"), 200, new_form)


@pytest.mark.exercise("2.5")
async def test_version_2_refuses():
    """Version 2 refuses a price that is a string, another currency and a malformed amount: 422, nothing stored."""
    client = client_for(answer.new_app())
    for price in (
        "19.99",
        {"amount": "19.99"},
        {"currency": "EUR"},
        {"amount": "19.99", "currency": "USD"},
        {"amount": "19.9", "currency": "EUR"},
        {"amount": 19.99, "currency": "EUR"},
        None,
    ):
        response = await client.post("/api/v2/tools", json={"name": "Saw", "price": price})
        expect_status(response, 422, sent_in(response))
    expect_json(await client.get("/api/v2/tools"), 200, [])


@pytest.mark.exercise("2.5")
async def test_unknown_number():
    """A number that no tool has is 404 in version 2: 0, -1 and the next free one."""
    client = client_for(answer.new_app())
    expect_success(await client.post("/api/v2/tools", json=SAW_2))
    for number in ("0", "-1", "2"):
        expect_status(await client.get(f"/api/v2/tools/{number}"), 404)


@pytest.mark.exercise("2.5")
async def test_deprecated_in_openapi():
    """The OpenAPI document marks the operations of version 1 as deprecated, and those of version 2 not."""
    paths = (await client_for(answer.new_app()).get("/openapi.json")).json()["paths"]
    for version, deprecated in (("v1", True), ("v2", False)):
        found = [
            (path, method, operation.get("deprecated", False))
            for path, operations in paths.items()
            if path.startswith(f"/api/{version}/tools")
            for method, operation in operations.items()
        ]
        where = f"the OpenAPI document, operations of {version}"
        expect_equal(sorted(method for _, method, _ in found), ["get", "get", "post"], where)
        for path, method, got in found:
            expect_equal(got, deprecated, f"the OpenAPI document, {method.upper()} {path}, deprecated")


@pytest.mark.exercise("2.5")
async def test_announced():
    """Every 200 and 201 of version 1 carries the announcement's headers, and no answer of version 2 does."""
    client = client_for(answer.new_app())
    for version, tool in (("v1", SAW_1), ("v2", SAW_2)):
        base = f"/api/{version}/tools"
        for response in (
            await client.post(base, json=tool),
            await client.get(base),
            await client.get(f"{base}/1"),
            *([await client.get(f"{base}/99"), await client.post(base, json={})] if version == "v2" else []),
        ):
            for name, value in HEADERS.items():
                expected = value if version == "v1" else None
                expect_equal(response.headers.get(name), expected, f"{sent_in(response)}, header {name}")


# 2.6


async def written(client: AsyncClient, *texts: str) -> list[Any]:
    """POST notes and return their ids."""
    ids = []
    for text in texts:
        response = await client.post("/notes", json={"text": text})
        expect_success(response)
        note = body_of(response)
        assert isinstance(note, dict), told(sent_in(response), "a note", note)
        ids.append(note.get("id"))
    return ids


async def fill(app: Any, number: int) -> None:
    """POST that many notes, past the client, which takes longer than the application."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    request = Request("POST", "https://course.test/notes", json={"text": "more"})
    for _ in range(number):
        await transport.handle_async_request(request)


@pytest.mark.exercise("2.6")
async def test_post():
    """POST /notes answers 201 with the note, and `Location` is its path."""
    client = client_for(answer.new_app())
    for number, text in ((1, "buy milk"), (2, "call Ada")):
        response = await client.post("/notes", json={"text": text})
        expect_json(response, 201, {"id": number, "text": text})
        expect_equal(response.headers.get("location"), f"/notes/{number}", f"{sent_in(response)}, header Location")
        expect_json(await client.get(f"/notes/{number}"), 200, {"id": number, "text": text})


@pytest.mark.exercise("2.6")
async def test_list_and_search():
    """GET /notes lists all by id, and with `q` those whose text contains it under case folding."""
    app = answer.new_app()
    client = client_for(app)
    expect_json(await client.get("/notes"), 200, {"notes": []})
    texts = ["Buy milk", "Hauptstraße 5", "MILKSHAKE", "50 % off"]
    await written(client, *texts)
    for query, numbers in (
        (None, [1, 2, 3, 4]),
        ("", [1, 2, 3, 4]),
        ("milk", [1, 3]),
        ("MILK", [1, 3]),
        ("STRASSE", [2]),
        ("straße", [2]),
        ("%", [4]),
        (" ", [1, 2, 4]),
        (".", []),
        ("tea", []),
    ):
        response = await client.get("/notes", params={} if query is None else {"q": query})
        expect_json(response, 200, {"notes": [{"id": number, "text": texts[number - 1]} for number in numbers]})
    await client.put("/notes/1", json={"text": "Buy tea"})
    await client.delete("/notes/2")
    kept = [{"id": 1, "text": "Buy tea"}, {"id": 3, "text": "MILKSHAKE"}, {"id": 4, "text": "50 % off"}]
    expect_json(await client.get("/notes"), 200, {"notes": kept})
    await fill(app, 98)
    for path in ("/notes", "/notes?q=M"):
        shown = body_of(await client.get(path)).get("notes", [])
        got = f"{len(shown)} notes" if isinstance(shown, list) else shown
        expect_equal(got, "101 notes" if path == "/notes" else "99 notes", f"GET {path} to a service of 101 notes")


@pytest.mark.exercise("2.6")
async def test_put_and_delete():
    """PUT answers 200 with the new text, DELETE 204 without a body, and both touch that note alone."""
    client = client_for(answer.new_app())
    await written(client, "one", "two", "three")
    for _ in range(2):
        expect_json(await client.put("/notes/2", json={"text": "zwei"}), 200, {"id": 2, "text": "zwei"})
    texts = {1: "one", 2: "zwei", 3: "three"}
    for number, text in texts.items():
        expect_json(await client.get(f"/notes/{number}"), 200, {"id": number, "text": text})
    response = await client.delete("/notes/1")
    expect_status(response, 204)
    expect_equal(response.content, b"", f"{sent_in(response)}, body")
    for number in (2, 3):
        expect_json(await client.get(f"/notes/{number}"), 200, {"id": number, "text": texts[number]})


@pytest.mark.exercise("2.6")
async def test_unknown_note():
    """Unknown ids are 404 on GET, PUT and DELETE, a second DELETE included, and PUT makes no note."""
    client = client_for(answer.new_app())
    await written(client, "one")
    for number in (2, 0, -1):
        expect_status(await client.get(f"/notes/{number}"), 404)
        expect_status(await client.put(f"/notes/{number}", json={"text": "new"}), 404)
        expect_status(await client.get(f"/notes/{number}"), 404, f"GET /notes/{number} after a PUT to it")
        expect_status(await client.delete(f"/notes/{number}"), 404)
    expect_json(await client.get("/notes/1"), 200, {"id": 1, "text": "one"})
    expect_success(await client.delete("/notes/1"))
    expect_status(await client.delete("/notes/1"), 404, "DELETE /notes/1 for the second time")
    expect_status(await client.get("/notes/1"), 404, "GET /notes/1 after its DELETE")
    expect_status(await client.put("/notes/1", json={"text": "new"}), 404, "PUT /notes/1 after its DELETE")


@pytest.mark.exercise("2.6")
async def test_texts():
    """Texts of 1 to 200 characters are stored as they are, others are refused with 422 and change nothing."""
    client = client_for(answer.new_app())
    for text in ("x", " ", "  x\n", "\N{GRINNING FACE}" * 200):
        [number] = await written(client, text)
        expect_json(await client.get(f"/notes/{number}"), 200, {"id": number, "text": text})
        expect_json(await client.put("/notes/1", json={"text": text}), 200, {"id": 1, "text": text})
    for body in ({"text": ""}, {"text": "x" * 201}, {"text": 5}, {"text": None}, {}, []):
        for response in (await client.post("/notes", json=body), await client.put("/notes/1", json=body)):
            expect_status(response, 422, sent_in(response))
    expect_json(await client.get("/notes/1"), 200, {"id": 1, "text": text})
    listed_now = body_of(await client.get("/notes")).get("notes", [])
    assert len(listed_now) <= 4, told("6 invalid notes after 4 valid ones", "4 notes in the list", len(listed_now))


@pytest.mark.exercise("2.6")
async def test_ids_are_never_reused():
    """A new note never gets the id of a deleted one, neither of the last nor of an earlier one."""
    client = client_for(answer.new_app())
    await written(client, "one", "two", "three")
    for number in (3, 1):
        expect_success(await client.delete(f"/notes/{number}"))
    expect_equal(await written(client, "four"), [4], "POST /notes after 3 notes and the DELETE of 3 and 1, id")
    for number in (2, 4):
        expect_success(await client.delete(f"/notes/{number}"))
    expect_equal(await written(client, "five"), [5], "POST /notes after 4 notes and the DELETE of all, id")
    expect_json(await client.get("/notes/5"), 200, {"id": 5, "text": "five"})


@pytest.mark.exercise("2.6")
async def test_two_applications():
    """Two applications share no notes, and each counts its ids from 1."""
    one, two = client_for(answer.new_app()), client_for(answer.new_app())
    await written(one, "mine", "mine too")
    expect_status(await two.get("/notes/1"), 404, "GET /notes/1 to an application without notes")
    expect_equal(await written(two, "other"), [1], "the first POST /notes to the second of two applications, id")
    expect_json(await two.get("/notes/1"), 200, {"id": 1, "text": "other"})
    expect_json(await one.get("/notes/1"), 200, {"id": 1, "text": "mine"})
    expect_status(await two.get("/notes/2"), 404, "GET /notes/2 to an application that has one note")


@pytest.mark.exercise("2.6")
async def test_paths():
    """The old paths are 404, and so is every path with a slash at its end."""
    client = client_for(answer.new_app())
    await written(client, "one")
    for path, method, other in (
        ("/getNotes", "GET", "POST"),
        ("/searchNotes?word=x", "GET", "PUT"),
        ("/createNote?text=x", "GET", "POST"),
        ("/getNote?id=1", "GET", "DELETE"),
        ("/updateNote?id=1", "POST", "PUT"),
        ("/deleteNote?id=1", "GET", "DELETE"),
    ):
        for sent in (method, other):
            response = await client.request(sent, path, json={"text": "x"})
            expect_status(response, 404, f"{sent} {path}")
    for path in ("/notes/", "/notes/1/"):
        expect_status(await client.get(path), 404)
    expect_status(await client.post("/notes/", json={"text": "x"}), 404)
    expect_status(await client.put("/notes/1/", json={"text": "x"}), 404)
    expect_status(await client.delete("/notes/1/"), 404)
    expect_json(await client.get("/notes/1"), 200, {"id": 1, "text": "one"})
