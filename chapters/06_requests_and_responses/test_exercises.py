"""The checks of chapter 06."""

import itertools
import json
import logging
import re
from collections.abc import Coroutine, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from httpx import AsyncClient, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model
from starlette.exceptions import HTTPException as StarletteHTTPException

from coursekit.testing import answer, client_for, expect_equal, expect_status, logged, raises, told

GOOD = "Sunshine1"


def faults_of(model: type[BaseModel], sent: dict[str, Any]) -> list[tuple[str, str]]:
    """Where and what: location and text of every fault that validating `sent` finds, none when it is valid."""
    try:
        model.model_validate(sent)
    except ValidationError as error:
        return [(".".join(map(str, fault["loc"])), text_of(fault)) for fault in error.errors()]
    return []


def made(model: Any, arguments: dict[str, Any], sent: str) -> Any:
    """An instance of the model. Assert that it takes these arguments."""
    try:
        return model(**arguments)
    except ValidationError as error:
        where = [".".join(map(str, fault["loc"])) for fault in error.errors()]
        raise AssertionError(told(sent, "no ValidationError", f"one about {', '.join(where)}")) from None


def text_of(fault: Mapping[str, Any]) -> str:
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return str(cause)
    return "is required" if fault["type"] == "missing" else f"pydantic's {fault['type']}"


def everything_in(error: ValidationError) -> str:
    """All that an exception can tell a log."""
    return "\n".join((str(error), repr(error), repr(error.errors()), str(error.__cause__), str(error.__context__)))


# 6.1

SHORT, LONG = "must have at least 8 characters", "must have at most 128 characters"
UPPER, LOWER, DIGIT = "must have an upper-case letter", "must have a lower-case letter", "must have a digit"
UNSTORABLE = "must not contain U+0000 or half a surrogate pair"


def faults_found(password: str) -> tuple[Any, str]:
    """What `password_faults` returns, and the call in words. Assert that it is no coroutine, generator or None."""
    sent = f"password_faults({password!a})"
    if len(password) >= 40:
        sent = f"password_faults({password[:4]!a}...{password[-4:]!a}), {len(password)} characters"
    elif password.isprintable() and not password.isascii():
        sent += f", which is {password}"
    got = answer.password_faults(password)
    if isinstance(got, Coroutine):
        got.close()
    for kind, advice in (
        (Coroutine, "define it without `async`"),
        (Iterator, "put its texts into a list"),
        (type(None), "end it with `return` and the list"),
    ):
        assert not isinstance(got, kind), told(sent, "a list", f"{type(got).__name__}: {advice}")
    return got, sent


def expect_faults(password: str, expected: list[str]) -> None:
    got, sent = faults_found(password)
    expect_equal(got, expected, sent)


@pytest.mark.exercise("6.1")
class TestPasswordPolicy:
    @pytest.mark.parametrize(
        "password", [GOOD, "ΣοφίαΣ12", " Ab 1   ", "passwörD9", "Aa1!\U0001f600\U0001f600\U0001f600~"]
    )
    def test_may_be_chosen(self, password):
        """A password that breaks no rule has no faults."""
        expect_faults(password, [])

    def test_length(self):
        """8 and 128 characters are enough and not too many, 7 and 129 are not; Python's characters count."""
        for password, expected in (
            ("Aa1" + "x" * 4, [SHORT]),
            ("Aa1" + "x" * 5, []),
            ("Aa1" + "x" * 125, []),
            ("Aa1" + "x" * 126, [LONG]),
            ("Aa1" + "\U0001f600" * 4, [SHORT]),
            ("Aa1" + "\U0001f600" * 5, []),
            ("Aa1" + "\U0001f600" * 125, []),
            ("Aa1" + "e\u0301" * 2, [SHORT]),
            ("Aa1" + "e\u0301" * 3, []),
            ("Aa1" + "e\u0301" * 63, [LONG]),
            ("  Aa1  ", [SHORT]),
            ("  Aa1   ", []),
            ("Aa1" + " " * 126, [LONG]),
            ("x" * 127 + "A1", [LONG]),
            ("X" * 127 + "a1", [LONG]),
            ("Aa" + "x" * 126 + "1", [LONG]),
            ("Aa1" + "x" * 100_000, [LONG]),
        ):
            expect_faults(password, expected)

    @pytest.mark.parametrize(
        ("rest", "rule", "enough", "not_enough"),
        [
            ("lower123", UPPER, "AЖΣ\U0001d400", "ⅧⒶǅ東a7"),
            ("UPPER123", LOWER, "aжß\U0001d41a", "ªʰⓐⅷǅ東A7"),
            ("Sunshine", DIGIT, "7٣७\uff15\U0001d7d8", "²①½五Ⅷ"),
        ],
        ids=["upper", "lower", "digit"],
    )
    def test_categories(self, rest, rule, enough, not_enough):
        """A letter or digit of any script counts by its category: ٣ is a digit; Ⅷ, ª and ² are neither."""
        for character in enough:
            expect_faults(f"{character}{rest}", [])
        for character in not_enough:
            expect_faults(f"{character}{rest}", [rule])

    def test_unstorable(self):
        """U+0000 and half a surrogate pair are refused wherever they stand; neighbours of them are not."""
        for character in ("\0", "\ud800", "\udbff", "\udc00", "\udfff"):
            for password in (f"{character}{GOOD}", f"Sun{character}shine1", f"{GOOD}{character}"):
                expect_faults(password, [UNSTORABLE])
            expect_faults(f"Aa1{'x' * 126}{character}", [LONG, UNSTORABLE])
        for character in ("\x01", "\ud7ff", "\ue000", "\n", "\ufffd"):
            expect_faults(f"{GOOD}{character}", [])

    def test_all_at_once(self):
        """Every broken rule is told, all at once and in the order of the table."""
        expect_faults("", [SHORT, UPPER, LOWER, DIGIT])
        parts = {UPPER: "A", LOWER: "a", DIGIT: "1"}
        for broken in itertools.chain.from_iterable(itertools.combinations((*parts, UNSTORABLE), n) for n in range(5)):
            kept = "".join(letter for rule, letter in parts.items() if rule not in broken)
            rest = "\0" if UNSTORABLE in broken else "-"
            for length, fault in ((7, [SHORT]), (8, []), (128, []), (129, [LONG])):
                expect_faults(
                    (kept + rest).ljust(length, "-"), fault + [rule for rule in (*parts, UNSTORABLE) if rule in broken]
                )

    def test_each_a_fault_of_its_own(self):
        """The validator raises one fault for each broken rule, in order, at the place of the password."""
        form = create_model("Form", password=answer.NewPassword, again=(answer.NewPassword, GOOD))
        for password in ("", "sunshine", "SUN\0SHINE", "x" * 129, "-" * 8):
            expected = [("password", text) for text in faults_found(password)[0]]
            expect_equal(
                faults_of(form, {"password": password}), expected, f"a body with password={password[:9]!a}, its faults"
            )
        both = [("password", DIGIT), ("again", UPPER), ("again", DIGIT)]
        expect_equal(
            faults_of(form, {"password": "Sunshine", "again": "sunshine"}),
            both,
            "a body with two passwords, its faults",
        )

    def test_accepted_as_it_is(self):
        """A password that may be chosen stays a SecretStr, and stays the same."""
        form = create_model("Form", password=answer.NewPassword)
        for password in (GOOD, "  Aa1   ", "e\u0301e\u0301e\u0301Aa1"):
            got = made(form, {"password": password}, f"a body with password={password!a}").password
            assert isinstance(got, SecretStr), told(
                f"a body with password={password!a}", "a SecretStr", type(got).__name__
            )
            expect_equal(got.get_secret_value(), password, "the password of the validated body")

    @pytest.mark.parametrize("password", ["hunter2", "correcthorse", "\0trustno1"])
    def test_nowhere_in_the_exception(self, password):
        """The exception does not hold the password: not as input, not in a text, not in its repr."""
        form = create_model("Form", password=answer.NewPassword)
        error = raises(ValidationError, form, password=password, sent=f"a body with password={password!a}")
        said = everything_in(error)
        assert password.strip("\0") not in said, told(
            f"the exception for password={password!a}", "no trace of the password", f"it is in {said!r}"
        )


# 6.2

SUCCESS = {"success": True, "message": None, "data": 7, "errors": None}
FAILURE = {"success": False, "message": "No.", "data": None, "errors": ["sold out"]}
NOT_SUCCESSES: list[dict[str, Any]] = [
    {"success": False},
    {"success": None},
    {"success": "true"},
    {"success": "yes"},
    {"data": None},
    {"data": "seven"},
    {"data": ...},
    {"errors": []},
    {"errors": ["sold out"]},
    {"errors": "sold out"},
    {"errors": ""},
    {"errors": False},
    {"message": 5},
    {"message": ["Done."]},
    {"detail": "x"},
]
NOT_FAILURES: list[dict[str, Any]] = [
    {"success": True},
    {"success": None},
    {"success": "false"},
    {"success": ""},
    {"data": 7},
    {"data": 0},
    {"data": ""},
    {"data": []},
    {"data": {}},
    {"data": False},
    {"errors": ...},
    {"errors": None},
    {"errors": []},
    {"errors": [""]},
    {"errors": [" \n\t"]},
    {"errors": ["sold out", ""]},
    {"errors": ["", "sold out"]},
    {"errors": [7]},
    {"errors": [None]},
    {"errors": "sold out"},
    {"message": ...},
    {"message": None},
    {"message": ""},
    {"message": "  "},
    {"message": 5},
    {"detail": "x"},
]


def changed(envelope: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The envelope with these values; `...` takes a key away."""
    return {key: value for key, value in (envelope | changes).items() if value is not ...}


def written(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def allows(schema: Any, value: Any, root: dict[str, Any]) -> bool:
    """Whether a JSON Schema allows a value, as far as envelopes need it."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        if not allows(target, value, root):
            return False
    kinds: dict[str, Any] = {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}
    kinds |= {"integer": int, "number": (int, float)}
    wanted = schema.get("type", list(kinds))
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if not any(
        isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in wanted
    ):
        return False
    if "const" in schema and (type(value), value) != (type(schema["const"]), schema["const"]):
        return False
    if "enum" in schema and (type(value), value) not in [(type(one), one) for one in schema["enum"]]:
        return False
    if not all(allows(one, value, root) for one in schema.get("allOf", ())):
        return False
    if "anyOf" in schema and not any(allows(one, value, root) for one in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(allows(one, value, root) for one in schema["oneOf"]) != 1:
        return False
    if "not" in schema and allows(schema["not"], value, root):
        return False
    if isinstance(value, str):
        return (
            len(value) >= schema.get("minLength", 0)
            and len(value) <= schema.get("maxLength", len(value))
            and re.search(schema.get("pattern", ""), value) is not None
        )
    if isinstance(value, list):
        items = schema.get("prefixItems", [])
        rest = schema.get("items", True)
        return (
            schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
            and all(allows(items[i] if i < len(items) else rest, one, root) for i, one in enumerate(value))
            and ("contains" not in schema or any(allows(schema["contains"], one, root) for one in value))
        )
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        return set(schema.get("required", ())) <= set(value) and all(
            allows(known.get(key, others), one, root) for key, one in value.items()
        )
    return True


class Lamp(BaseModel):
    """Something to put into an envelope."""

    model_config = ConfigDict(from_attributes=True)

    name: str


class StoredLamp:
    """A row with more columns than are shown."""

    name, secret = "Desk lamp", "argon2"


def lamp_app() -> FastAPI:
    app = FastAPI()

    @app.get("/lamp", response_model=answer.APIResponse[Lamp], responses=answer.errors_of(404))
    async def lamp() -> Any:
        return answer.ok(StoredLamp())

    @app.get("/page", response_model=answer.APIResponse[answer.Page[Lamp]])
    async def page() -> Any:
        return answer.ok(answer.Page(items=[Lamp(name="Desk lamp")], total=1, skip=0, limit=20), "One lamp.")

    @app.get("/nothing", response_model=answer.APIResponse[None])
    async def nothing() -> Any:
        return answer.ok(None)

    return app


@pytest.mark.exercise("6.2")
class TestEnvelope:
    def test_success(self):
        """A success holds true, its data and no errors, whatever is left out; the keys come in order."""
        for arguments in ({"data": 7}, SUCCESS, {"data": 7, "message": None}, {"data": 7, "success": True}):
            sent = f"APIResponse[int]({written(arguments)})"
            got = json.loads(made(answer.APIResponse[int], arguments, sent).model_dump_json())
            expect_equal(got, SUCCESS, f"{sent} as JSON")
            expect_equal(list(got), list(SUCCESS), f"{sent}, its keys in order")
        for message in ("Done.", ""):
            sent = f"APIResponse[int](data=7, message={message!r})"
            got = made(answer.APIResponse[int], {"data": 7, "message": message}, sent).model_dump()
            expect_equal(got, SUCCESS | {"message": message}, sent)

    def test_any_data(self):
        """The data is what T allows: 0, an empty list and false are data; null only where T has it."""
        for kind, data in ((int, 0), (bool, False), (str, ""), (list[int], []), (int | None, None), (None, None)):
            sent = f"APIResponse[{getattr(kind, '__name__', kind)}](data={data!r})"
            got = made(answer.APIResponse[kind], {"data": data}, sent).model_dump()
            expect_equal(got, SUCCESS | {"data": data}, sent)
        got = made(answer.ok, {"data": [1, 2], "message": "Two."}, "ok([1, 2], 'Two.')").model_dump()
        expect_equal(got, SUCCESS | {"data": [1, 2], "message": "Two."}, "ok([1, 2], 'Two.')")

    def test_no_false_success(self):
        """A success that says false, has errors, or has no data is refused; so is a field nobody knows."""
        for changes in NOT_SUCCESSES:
            arguments = changed(SUCCESS, changes)
            raises(
                ValidationError, answer.APIResponse[int], **arguments, sent=f"APIResponse[int]({written(arguments)})"
            )

    def test_failure(self):
        """A failure holds false, null and its errors, whatever is left out; the keys come in order."""
        for arguments in ({"message": "No.", "errors": ["sold out"]}, FAILURE):
            sent = f"Failure({written(arguments)})"
            got = json.loads(made(answer.Failure, arguments, sent).model_dump_json())
            expect_equal(got, FAILURE, f"{sent} as JSON")
            expect_equal(list(got), list(FAILURE), f"{sent}, its keys in order")
        for errors in ([" a", "b", "b", "é"], ["sold out"] * 200, ["x" * 500]):
            many = FAILURE | {"errors": errors}
            sent = f"Failure({written(many)[:90]}...)"
            expect_equal(json.loads(made(answer.Failure, many, sent).model_dump_json()), many, f"{sent} as JSON")

    def test_no_false_failure(self):
        """A failure that says true, has data, no error or a blank one is refused; so is a field nobody knows."""
        for changes in NOT_FAILURES:
            arguments = changed(FAILURE, changes)
            raises(ValidationError, answer.Failure, **arguments, sent=f"Failure({written(arguments)})")

    def test_no_contradiction_later(self):
        """An assignment cannot make a contradiction of an envelope either."""
        for name, value in (("success", False), ("data", None), ("errors", ["x"])):
            envelope = made(answer.APIResponse[int], SUCCESS, f"APIResponse[int]({written(SUCCESS)})")
            raises(ValidationError, setattr, envelope, name, value, sent=f"a success, then .{name} = {value!r}")
        for name, value in (("success", True), ("data", 7), ("errors", []), ("errors", None), ("message", "")):
            envelope = made(answer.Failure, FAILURE, f"Failure({written(FAILURE)})")
            raises(ValidationError, setattr, envelope, name, value, sent=f"a failure, then .{name} = {value!r}")

    def test_schema(self):
        """The JSON Schemas, in the OpenAPI document too, allow the envelopes and no contradiction."""
        success = answer.APIResponse[int].model_json_schema(mode="serialization")
        failure = answer.Failure.model_json_schema(mode="serialization")
        document = lamp_app().openapi()
        shown = document["paths"]["/lamp"]["get"]["responses"]
        lamp, not_found = (shown[status]["content"]["application/json"]["schema"] for status in ("200", "404"))
        found = {"name": "Desk lamp"}
        for what, schema, root, good, bad in (
            ("the schema of APIResponse[int]", success, success, SUCCESS, NOT_SUCCESSES),
            ("the schema of Failure", failure, failure, FAILURE, NOT_FAILURES),
            (
                "the document's 200",
                lamp,
                document,
                SUCCESS | {"data": found},
                [c for c in NOT_SUCCESSES if c.get("data") != "seven"],
            ),
            ("the document's 404", not_found, document, FAILURE, NOT_FAILURES),
        ):
            for message in (good["message"], "Done."):
                envelope = good | {"message": message}
                assert allows(schema, envelope, root), told(f"{what} on {envelope}", "valid", "invalid")
            for changes in (*bad, *({key: ...} for key in good)):
                envelope = changed(good, changes)
                assert not allows(schema, envelope, root), told(f"{what} on {envelope}", "invalid", "valid")

    async def test_over_http(self):
        """FastAPI answers with the envelopes, and the data has the declared fields only."""
        from course_app.schemas.failures import failure_response

        async with client_for(lamp_app()) as http:
            page = {"items": [{"name": "Desk lamp"}], "total": 1, "skip": 0, "limit": 20}
            for path, expected in (
                ("/lamp", SUCCESS | {"data": {"name": "Desk lamp"}}),
                ("/page", SUCCESS | {"data": page, "message": "One lamp."}),
                ("/nothing", SUCCESS | {"data": None}),
            ):
                response = await http.get(path)
                expect_status(response, 200)
                expect_equal(response.json(), expected, f"GET {path}")
        arguments = {"status": 409, "message": "No.", "errors": ["sold out"]}
        got = made(failure_response, arguments, f"failure_response({written(arguments)})")
        expect_equal(json.loads(got.body), FAILURE, f"failure_response({written(arguments)}), its body")


# 6.3

INVALID = "The request is not valid."
SERVED = "The request cannot be served."


class Part(BaseModel):
    """Half of a body."""

    model_config = ConfigDict(extra="forbid")

    name: str


class Order(BaseModel):
    """A body with rules of all kinds."""

    model_config = ConfigDict(extra="forbid")

    zone: int = Field(ge=1, le=9)
    name: str = Field(min_length=2, max_length=5)
    amount: int = 1
    parts: list[Part] = []


class Odd(ValueError):
    """What a validator may raise: any kind of ValueError."""


CHALLENGE = MappingProxyType({"WWW-Authenticate": 'Basic realm="x"', "X-More": "yes"})
SHARED = {"X-Shared": "yes"}
_apps: dict[int, FastAPI] = {}


def failing_app() -> FastAPI:
    """An application in which everything goes wrong; built once for all checks of an answer."""
    key = id(answer.install_error_handlers)
    if key in _apps:
        return _apps[key]
    from course_app.core.errors import Conflict, Unauthorized

    app = FastAPI()
    answer.install_error_handlers(app)
    raised: dict[str, Exception] = {
        "fastapi-401": HTTPException(401, "hidden-detail", headers=CHALLENGE),
        "starlette-503": StarletteHTTPException(503, "hidden-detail", headers={"Retry-After": "7"}),
        "no-headers-418": HTTPException(418, {"hidden-detail": [1]}),
        "empty-headers-402": StarletteHTTPException(402, headers={}),
        "shared-405": HTTPException(405, "hidden-detail", headers=SHARED),
        "lower-case-405": StarletteHTTPException(405, headers={"allow": "TEAPOT", "X-More": "yes"}),
        "own-404": HTTPException(404, "hidden-detail"),
        "own-400": HTTPException(400, "hidden-detail"),
        "own-500": HTTPException(500, "hidden-detail"),
        "own-503": StarletteHTTPException(503, "hidden-detail"),
        "app-409": Conflict("It is sold out."),
        "app-401": Unauthorized("Sign in first."),
    }
    for name, error in raised.items():
        app.get(f"/raise/{name}")(_raising(error))

    @app.get("/caused/{status}")
    async def caused(status: int) -> None:
        raise HTTPException(status) from RuntimeError("hidden-detail")

    @app.get("/in-an-except/{status}")
    async def in_an_except(status: int) -> None:
        try:
            raise RuntimeError("hidden-detail")
        except RuntimeError:
            raise HTTPException(status)  # noqa: B904 - without `from`: an exception happened, and is no cause

    @app.post("/orders/{number}")
    async def order(number: int, body: Order, size: int = 1) -> None: ...

    @app.get("/orders/{number}")
    async def get_order(number: int) -> None: ...

    @app.delete("/orders/{number}")
    async def delete_order(number: int) -> None: ...

    @app.put("/names")
    async def put_names(body: dict[str, str]) -> None: ...

    _apps[key] = app
    return app


def _raising(error: Exception) -> Any:
    async def fail() -> None:
        raise error

    return fail


RAISED = {
    "/raise/fastapi-401": "FastAPI's HTTPException(401, headers={'WWW-Authenticate': ..., 'X-More': 'yes'})",
    "/raise/starlette-503": "Starlette's HTTPException(503, headers={'Retry-After': '7'})",
    "/raise/no-headers-418": "FastAPI's HTTPException(418, detail={...})",
    "/raise/empty-headers-402": "Starlette's HTTPException(402, headers={})",
    "/raise/shared-405": "FastAPI's HTTPException(405, headers={'X-Shared': 'yes'})",
    "/raise/lower-case-405": "Starlette's HTTPException(405, headers={'allow': 'TEAPOT', 'X-More': 'yes'})",
    "/raise/own-404": "FastAPI's HTTPException(404, detail)",
    "/raise/own-400": "FastAPI's HTTPException(400, detail)",
    "/raise/own-500": "FastAPI's HTTPException(500, detail)",
    "/raise/own-503": "Starlette's HTTPException(503, detail)",
    "/raise/app-409": "Conflict('It is sold out.')",
    "/raise/app-401": "Unauthorized('Sign in first.')",
    "/in-an-except/400": "HTTPException(400) in an except block, without from",
} | {f"/caused/{status}": f"HTTPException({status}) from RuntimeError()" for status in (303, 400, 404, 409)}


def sent_in(response: Response) -> str:
    """The request, and what its route raises."""
    request = response.request
    said = f"{request.method} {request.url.raw_path.decode()}"
    return f"{said}, which raises {RAISED[request.url.path]}" if request.url.path in RAISED else said


@pytest.fixture
async def failing(anyio_backend) -> Any:
    async with client_for(failing_app()) as http:
        yield http


def expect_failure(
    response: Response, status: int, message: str, errors: list[str] | None = None, sent: str | None = None
) -> None:
    said = sent or sent_in(response)
    expect_status(response, status, said)
    expected = {"success": False, "message": message, "data": None, "errors": errors or [message]}
    try:
        got = response.json()
    except ValueError:
        got = response.text
    expect_equal(got, expected, f"{said}, body")


def expect_header(response: Response, name: str, expected: str) -> None:
    values = response.headers.get_list(name)
    expect_equal(values, [expected], f"{sent_in(response)}: every header {name}")


async def send(http: AsyncClient, body: Any, url: str = "/orders/1") -> Response:
    return await http.post(url, json=body)


@pytest.mark.exercise("6.3")
class TestHandlers:
    async def test_router(self, failing):
        """The router's own 404 and 405 come in the envelope; `Allow` names every method of the path."""
        expect_failure(await failing.get("/nothing"), 404, "There is nothing at this path.")
        for method in ("PUT", "PATCH"):
            response = await failing.request(method, "/orders/1")
            expect_failure(response, 405, "This path does not offer that method.")
            expect_header(response, "Allow", "DELETE, GET, HEAD, POST")
        response = await failing.get("/names")
        expect_failure(response, 405, "This path does not offer that method.")
        expect_header(response, "Allow", "PUT")

    async def test_own_405(self, failing):
        """A 405 that a route raises has `Allow` once, beside the exception's other headers; other errors have none."""
        for name in ("shared-405", "lower-case-405"):
            response = await failing.get(f"/raise/{name}")
            expect_failure(response, 405, "This path does not offer that method.")
            expect_header(response, "Allow", "GET, HEAD")
        expect_header(response, "X-More", "yes")
        for name in ("own-404", "own-400", "fastapi-401", "no-headers-418", "starlette-503"):
            response = await failing.get(f"/raise/{name}")
            got = response.headers.get("allow")
            assert got is None, told(sent_in(response), "no header Allow", got)

    async def test_http_exceptions(self, failing):
        """An exception keeps its status: the message is a service's own, or that of the status, never a detail."""
        for name, status, message in (
            ("fastapi-401", 401, SERVED),
            ("starlette-503", 503, SERVED),
            ("no-headers-418", 418, SERVED),
            ("empty-headers-402", 402, SERVED),
            ("own-404", 404, "There is nothing at this path."),
            ("own-500", 500, SERVED),
            ("own-503", 503, SERVED),
        ):
            expect_failure(await failing.get(f"/raise/{name}"), status, message)
        expect_failure(await failing.get("/raise/app-409"), 409, "It is sold out.")
        expect_failure(await failing.get("/raise/app-401"), 401, "Sign in first.")

    async def test_headers(self, failing):
        """The headers of an exception are sent, and the exception's own mapping is left alone."""
        response = await failing.get("/raise/fastapi-401")
        expect_header(response, "WWW-Authenticate", 'Basic realm="x"')
        expect_header(response, "X-More", "yes")
        expect_header(await failing.get("/raise/starlette-503"), "Retry-After", "7")
        expect_header(await failing.get("/raise/shared-405"), "X-Shared", "yes")
        expect_equal(SHARED, {"X-Shared": "yes"}, "the headers of an HTTPException after it was answered")
        expect_header(await failing.get("/raise/app-401"), "WWW-Authenticate", "Bearer")

    async def test_unreadable_body(self, failing):
        """A body that cannot be read is 422: a 400 with a cause, and no other exception."""
        for content in (b"\xff", b'{"name": "\xe9"}'):
            response = await failing.post("/orders/1", content=content, headers={"Content-Type": "application/json"})
            expect_failure(
                response, 422, INVALID, ["body: cannot be read"], f"POST /orders/1 with the body {content!r}"
            )
        expect_failure(await failing.get("/caused/400"), 422, INVALID, ["body: cannot be read"])
        expect_failure(await failing.get("/caused/409"), 409, SERVED)
        expect_failure(await failing.get("/caused/303"), 303, SERVED)
        expect_failure(await failing.get("/caused/404"), 404, "There is nothing at this path.")
        for path in ("/raise/own-400", "/in-an-except/400"):
            expect_failure(await failing.get(path), 400, SERVED)

    async def test_invalid_requests(self, failing):
        """Every fault of a request is told, in the order it was found, the same sentence once."""
        wild = "a field that is not known"
        for url, body, expected in (
            ("/orders/1", {"name": "Lamp"}, ["body.zone: is required"]),
            ("/orders/1", {"zone": "x", "name": ""}, ["body.zone: must be a whole number", "body.name: is too short"]),
            ("/orders/1", {"zone": 0, "name": "Lampion"}, ["body.zone: is too small", "body.name: is too long"]),
            ("/orders/1", {"zone": 10, "name": 5}, ["body.zone: is too large", "body.name: must be text"]),
            ("/orders/1", {"zone": 1.5, "name": "Lamp"}, ["body.zone: is not valid"]),
            ("/orders/1", {"zone": 1, "name": "Lamp", "zz": 1, "aa": 2}, [f"body: has {wild}"]),
            (
                "/orders/1",
                {"zone": 0, "name": "Lamp", "zz": 1, "parts": [{"name": 1, "q": 1}, {}], "aa": 1},
                [
                    "body.zone: is too small",
                    "body.parts.0.name: must be text",
                    f"body.parts.0: has {wild}",
                    "body.parts.1.name: is required",
                    f"body: has {wild}",
                ],
            ),
            (
                "/orders/one?size=two",
                {"zone": 0, "name": "Lamp"},
                [
                    "path.number: must be a whole number",
                    "query.size: must be a whole number",
                    "body.zone: is too small",
                ],
            ),
            ("/orders/1", [], ["body: is not valid"]),
            (
                "/orders/1",
                {"zone": 1, "name": "Lamp", "parts": [{}] * 12},
                [f"body.parts.{i}.name: is required" for i in range(12)],
            ),
        ):
            expect_failure(
                await send(failing, body, url), 422, INVALID, expected, f"POST {url} with {json.dumps(body)}"
            )
        response = await failing.post("/orders/1", content=b'{"name": ', headers={"Content-Type": "application/json"})
        expect_failure(response, 422, INVALID, ["body: is not JSON"], "POST /orders/1 with half of a JSON object")
        expect_failure(
            await failing.post("/orders/1"), 422, INVALID, ["body: is required"], "POST /orders/1 without a body"
        )

    async def test_nothing_of_the_input(self, failing):
        """No value that was sent and no name of an unknown field is in the answer."""
        for body in (
            {"name": "hunter2-hunter2", "zone": "hunter2"},
            {"name": ["hunter2"], "zone": {"hunter2": 1}},
            {"name": "Lamp", "zone": 1, "hunter2": "hunter2"},
            {"name": "Lamp", "zone": 1, "parts": [{"hunter2": 1}, "hunter2"]},
            "hunter2",
        ):
            response = await send(failing, body)
            expect_status(response, 422, f"POST /orders/1 with {json.dumps(body)}")
            assert "hunter2" not in response.text, told(
                f"POST /orders/1 with {json.dumps(body)}", "no hunter2", response.text
            )

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"type": "missing", "loc": ("body", "items", 0, "price")}, "body.items.0.price: is required"),
            ({"type": "missing", "loc": ("body",), "ctx": {}}, "body: is required"),
            ({"type": "string_too_long", "loc": ("query", "q"), "ctx": {"max_length": 4}}, "query.q: is too long"),
            ({"type": "extra_forbidden", "loc": ("body", "hidden")}, "body: has a field that is not known"),
            ({"type": "extra_forbidden", "loc": ("body", 0, "hidden")}, "body.0: has a field that is not known"),
            ({"type": "json_invalid", "loc": ("body", 5), "ctx": {"error": "hidden"}}, "body: is not JSON"),
            (
                {"type": "value_error", "loc": ("body", "x"), "ctx": {"error": ValueError("must be odd")}},
                "body.x: must be odd",
            ),
            (
                {"type": "value_error", "loc": ("body",), "ctx": {"error": ValueError("must be odd")}},
                "body: must be odd",
            ),
            (
                {"type": "value_error", "loc": ("body", "x"), "ctx": {"error": Odd("must be odd")}},
                "body.x: must be odd",
            ),
            (
                {"type": "value_error", "loc": ("body", "x"), "ctx": {"error": ValueError("odd", 7)}},
                "body.x: ('odd', 7)",
            ),
            ({"type": "value_error", "loc": ("body", "x"), "ctx": {"error": ValueError()}}, "body.x: "),
            ({"type": "missing", "loc": ("path", "x"), "ctx": {"error": KeyError("hidden")}}, "path.x: is required"),
            (
                {"type": "assertion_error", "loc": ("body", "x"), "ctx": {"error": AssertionError("hidden")}},
                "body.x: is not valid",
            ),
            ({"type": "enum", "loc": ("query", "x"), "ctx": {"expected": "hidden"}}, "query.x: is not valid"),
            ({"type": "custom", "loc": ("body", "x"), "ctx": {"error": "hidden"}}, "body.x: is not valid"),
        ],
        ids=lambda value: value["type"] if isinstance(value, dict) else None,
    )
    def test_sentence(self, fault, expected):
        """One fault is one sentence: its location, and a text of ours."""
        whole = {"msg": "hidden", "input": "hidden", "url": "hidden"} | fault
        expect_equal(answer.sentence(whole), expected, f"sentence({fault})")


# 6.4


def valid(body: dict[str, Any]) -> Any:
    """The model made of a body. Assert that the body is valid."""
    try:
        patch = answer.MePatch.model_validate(body)
    except ValidationError as error:
        where = [".".join(map(str, fault["loc"])) for fault in error.errors()]
        raise AssertionError(told(f"the body {body}", "valid", f"faults at {where}")) from None
    said = f"{type(patch).__name__}: what a model validator returns is the result, so it ends with `return self`"
    assert isinstance(patch, answer.MePatch), told(f"the body {body}", "a MePatch", said)
    return patch


def patched(body: dict[str, Any]) -> dict[str, Any]:
    """What the fields that were sent hold, passwords as text. Assert that the body is valid."""
    dumped = valid(body).model_dump(exclude_unset=True)
    return {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in dumped.items()}


def expect_places(body: dict[str, Any], expected: list[str]) -> None:
    expect_equal(
        [place for place, _ in faults_of(answer.MePatch, body)], expected, f"the body {body}, places of its faults"
    )


NEW = {"password": "Moonlight2", "current_password": "x"}


@pytest.mark.exercise("6.4")
class TestMePatch:
    def test_left_out(self):
        """Every field may be left out, and `{}` changes nothing."""
        expect_equal(patched({}), {}, "the body {}, fields that were sent")
        expect_equal(valid({}).model_fields_set, set(), "the body {}, model_fields_set")
        expect_equal(
            patched({"full_name": "Ada"}), {"full_name": "Ada"}, "a body with full_name, fields that were sent"
        )
        expect_equal(patched(NEW), NEW, "a body with both passwords, fields that were sent")
        same = {"password": GOOD, "current_password": GOOD}
        expect_equal(patched(same), same, "a body with the same password twice")
        expect_equal(patched(NEW | {"full_name": "Ada"}), NEW | {"full_name": "Ada"}, "a body with all three fields")

    def test_null(self):
        """Null is a fault of each field."""
        expect_places({"full_name": None}, ["full_name"])
        expect_places(NEW | {"full_name": None}, ["full_name"])
        expect_places(NEW | {"password": None}, ["password"])
        expect_places(NEW | {"current_password": None}, ["current_password"])
        expect_places(NEW | {"password": None, "current_password": None}, ["password", "current_password"])

    def test_rules_of_the_fields(self):
        """A name is a `Name`, a new password a `NewPassword`; the policy does not judge the current one."""
        for name in ("", "   ", "x" * 101, 5, ["Ada"], "a\0b"):
            expect_places({"full_name": name}, ["full_name"])
        for name in ("x" * 100, "x", " Ada "):
            expect_equal(patched({"full_name": name}), {"full_name": name}, f"a name of {len(name)} characters")
        expected = [("password", text) for text in (SHORT, UPPER, DIGIT)]
        expect_equal(
            faults_of(answer.MePatch, NEW | {"password": "moon"}), expected, "a body with password='moon', its faults"
        )
        for current in ("x", " ", "moonlight", "x" * 10_000, "пароль"):
            expect_equal(
                patched(NEW | {"current_password": current}), NEW | {"current_password": current}, "a current_password"
            )
        for current in ("a\0b", 5, ["x"], {}):
            expect_places(NEW | {"current_password": current}, ["current_password"])

    def test_passwords_come_together(self):
        """One password without the other is refused: the one that is missing is required."""
        for others in ({}, {"full_name": "Ada"}):
            for alone, missing in (("password", "current_password"), ("current_password", "password")):
                body = {alone: NEW[alone]} | others
                got = faults_of(answer.MePatch, body)
                expect_equal(got, [(missing, "is required")], f"the body {body}, its faults")

    def test_empty_is_sent(self):
        """An empty current password was sent: it is wrong, not missing."""
        empty = NEW | {"current_password": ""}
        expect_equal(patched(empty), empty, "a body with current_password=''")
        got = faults_of(answer.MePatch, {"current_password": ""})
        expect_equal(got, [("password", "is required")], "the body {'current_password': ''}, its faults")

    def test_unknown_fields(self):
        """Other fields are refused."""
        for body in ({"fullname": "Ada"}, {"role": "admin"}, {"email": "ada@example.com"}, NEW | {"id": 1}):
            assert len(faults_of(answer.MePatch, body)) == 1, told(
                f"the body {body}", "one fault", faults_of(answer.MePatch, body)
            )

    def test_secrets_stay_secret(self):
        """Passwords are `SecretStr`, and no exception and no repr holds one."""
        dumped = valid(NEW).model_dump(exclude_unset=True)
        kinds = {name: isinstance(value, SecretStr) for name, value in dumped.items()}
        expect_equal(
            kinds, {"password": True, "current_password": True}, "both passwords sent, whether each is a SecretStr"
        )
        for body in (
            {"password": "Hunter2-hunter2"},
            {"current_password": "Hunter2-hunter2"},
            {"full_name": "Ada", "password": "Hunter2-hunter2"},
            {"password": "hunter2", "current_password": "Hunter2"},
            {"password": "Hunter2-hunter2", "current_password": "Hunter2-hunter2", "full_name": None},
        ):
            error = raises(ValidationError, answer.MePatch.model_validate, body, sent=f"the body {body}")
            said = everything_in(error)
            assert "unter2" not in said, told(f"the exception for the body {body}", "no trace of the password", said)
        shown = repr(valid({"password": "Hunter2-hunter2", "current_password": "Hunter2"}))
        assert "unter2" not in shown, told("repr of a valid body", "no password", shown)

    async def test_over_http(self):
        """A route with this body answers each fault in a sentence that names the field."""
        from course_app.api.errors import install_error_handlers

        app = FastAPI()
        install_error_handlers(app)

        @app.patch("/me")
        async def change(body: answer.MePatch) -> list[str]:
            return sorted(body.model_fields_set)

        async with client_for(app) as http:
            for body, expected in (
                ({"password": GOOD}, ["body.current_password: is required"]),
                ({"current_password": "x"}, ["body.password: is required"]),
                ({"full_name": None}, ["body.full_name: must be text"]),
                ({"nickname": "x"}, ["body: has a field that is not known"]),
            ):
                response = await http.patch("/me", json=body)
                expect_failure(response, 422, INVALID, expected, f"PATCH /me with {json.dumps(body)}")
            for no_object in (5, True, "password", ["password"], [["password", GOOD]], None):
                response = await http.patch("/me", json=no_object)
                expect_status(response, 422, f"PATCH /me with {json.dumps(no_object)}")
            for body in ({}, NEW, {"full_name": "Ada"}):
                response = await http.patch("/me", json=body)
                expect_status(response, 200, f"PATCH /me with {json.dumps(body)}")
                expect_equal(response.json(), sorted(body), f"PATCH /me with {json.dumps(body)}, fields that were sent")


# 6.5

SECRET = "hunter2-Hunter2"
ADA, BOB = {"email": "ada@example.com", "password": SECRET}, {"email": "bob@example.com", "password": "Moonlight-2"}


INVALID_BODIES: list[tuple[Any, set[str]]] = [
    ({"password": SECRET}, {"email"}),
    ({"email": "leaked-address"}, {"password"}),
    ({"email": "leaked-address", "password": "hunter2"}, {"password"}),
    ({"email": "leaked-address", "password": ["hunter2"]}, {"password"}),
    ({"email": ["leaked-address"], "password": "hunter2"}, {"email", "password"}),
    ({"email": None, "password": SECRET}, {"email"}),
    ({}, {"email", "password"}),
    ([SECRET], {"body"}),
    (SECRET, {"body"}),
]


def details_of(response: Response, sent: str) -> list[dict[str, Any]]:
    """The faults that the answer tells. Assert that each has a place in the body and a text."""
    try:
        details = response.json()["detail"]
        places = [(fault["loc"][0], str(fault["loc"][-1]), fault["msg"]) for fault in details]
    except (ValueError, LookupError, TypeError):
        places = []
    fine = bool(places) and all(first == "body" and isinstance(text, str) and text for first, _, text in places)
    expected = "in detail one entry for each fault, with a msg and a loc that begins with body"
    assert fine, told(sent, expected, response.text)
    return list(details)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """Every record, of the answer's logger too, whatever an answer has set it to."""
    with logged() as kept, logged("members"):
        yield kept


@pytest.fixture
async def directory(anyio_backend) -> Any:
    async with client_for(new_directory()) as http:
        yield http


def new_directory() -> FastAPI:
    app = answer.new_directory()
    kind = type(app).__name__
    assert isinstance(app, FastAPI), told("new_directory()", "a FastAPI application", f"{kind}: is `return app` there?")
    return app


async def joined(directory: AsyncClient, *members: dict[str, str]) -> None:
    for number, member in enumerate(members, start=1):
        response = await directory.post("/members", json=member)
        expect_status(response, 201, f"POST /members with {json.dumps(member)}")
        expect_equal(response.json(), {"id": number, "email": member["email"]}, "POST /members, body")


@pytest.mark.exercise("6.5")
class TestDirectory:
    async def test_join_and_list(self, directory):
        """Members join, count from 1, and are listed in their order with id and e-mail address."""
        expect_equal(
            (await directory.get("/members")).json(), {"total": 0, "items": []}, "GET /members of an empty directory"
        )
        await joined(directory, BOB, ADA)
        response = await directory.get("/members")
        expect_status(response, 200)
        items = [{"id": 1, "email": "bob@example.com"}, {"id": 2, "email": "ada@example.com"}]
        expect_equal(response.json(), {"total": 2, "items": items}, "GET /members")

    async def test_sign_in(self, directory):
        """A member signs in with the right password; another password, an unknown address are 401."""
        eve = {"email": "eve@example.com", "password": "8letters"}
        await joined(directory, ADA, BOB, eve)
        for email, password, status in (
            (eve["email"], "8letters", 204),
            (eve["email"], SECRET, 401),
            (ADA["email"], SECRET, 204),
            (BOB["email"], "Moonlight-2", 204),
            (ADA["email"], "Moonlight-2", 401),
            (ADA["email"], "**********", 401),
            (ADA["email"], f"{SECRET} ", 401),
            (ADA["email"], repr(SecretStr(SECRET)), 401),
            ("nobody@example.com", SECRET, 401),
        ):
            response = await directory.post("/sign-in", json={"email": email, "password": password})
            expect_status(
                response,
                status,
                f"POST /sign-in with {email} and {password}, whose passwords are {SECRET}, Moonlight-2",
            )
        await directory.get("/members")
        response = await directory.post("/sign-in", json=ADA)
        expect_status(response, 204, "POST /sign-in after GET /members")

    async def test_as_before(self, directory):
        """What worked before works: an address joins twice, unknown fields are ignored, the list has everybody."""
        again = ADA | {"password": "Starlight-3", "nickname": "Countess"}
        others = [{"email": f"member-{n}@example.com", "password": "Moonlight-2"} for n in range(10)]
        await joined(directory, ADA, again, *others)
        for member in (ADA, again):
            response = await directory.post("/sign-in", json=member)
            expect_status(response, 204, f"POST /sign-in with {json.dumps(member)}, after two joined with this address")
        got = (await directory.get("/members")).json()
        items = [{"id": n, "email": member["email"]} for n, member in enumerate((ADA, again, *others), start=1)]
        expect_equal(got, {"total": 12, "items": items}, "GET /members of twelve")

    async def test_no_hash(self, directory):
        """No answer has a hash or a password."""
        await joined(directory, ADA)
        for method, path, body in (
            ("GET", "/members", None),
            ("POST", "/members", BOB),
            ("POST", "/sign-in", ADA),
            ("POST", "/sign-in", ADA | {"password": "hunter2-wrong"}),
            ("GET", "/openapi.json", None),
        ):
            text = (await directory.request(method, path, json=body)).text
            for secret in ("argon2", "unter2"):
                assert secret not in text, told(f"{method} {path}", f"an answer without {secret!r}", text)

    async def test_invalid(self, directory):
        """An invalid request is 422 and told place by place, without a value that was sent."""
        for path, (body, places) in itertools.product(("/members", "/sign-in"), INVALID_BODIES):
            response = await directory.post(path, json=body)
            sent = f"POST {path} with {json.dumps(body)}"
            expect_status(response, 422, sent)
            found = details_of(response, sent)
            got = sorted({str(fault["loc"][-1]) for fault in found})
            expect_equal(got, sorted(places), f"{sent}, where the faults are")
            for value in ("unter2", "leaked-address"):
                assert value not in response.text, told(sent, f"an answer without {value!r}", response.text)

    async def test_not_json(self, directory):
        """A body that is no JSON is 422, and nothing of it comes back."""
        for path in ("/members", "/sign-in"):
            content = b'{"email": "leaked-address", "password": "hunter2'
            response = await directory.post(path, content=content, headers={"Content-Type": "application/json"})
            expect_status(response, 422, f"POST {path} with half of a JSON object")
            details_of(response, f"POST {path} with half of a JSON object")
            for value in ("hunter2", "leaked-address"):
                assert value not in response.text, told(
                    f"POST {path} with half of a JSON object", f"no {value!r}", response.text
                )

    async def test_log(self, directory, records):
        """Who joins is logged with the e-mail address; no record has a password or a hash."""
        await joined(directory, ADA, BOB)
        await directory.post("/sign-in", json=ADA)
        await directory.post("/sign-in", json=ADA | {"password": "hunter2-wrong"})
        await directory.post("/members", json={"email": "eve@example.com", "password": "hunter2"})
        await directory.get("/members")
        for record in records:
            where = f"a record of logger {record.name}"
            for name, value in {"message": record.getMessage(), **record.__dict__}.items():
                for secret in ("unter2", "Moonlight-2", "argon2id"):
                    for said in (str(value), repr(value)):
                        got = f"{name} = {said}"
                        assert secret not in said, told(where, "no password and no hash in it", got)
            for argument in record.args if isinstance(record.args, tuple) else (record.args,):
                held = getattr(argument, "__dict__", {})
                assert not any("unter2" in str(value) for value in held.values()), told(
                    f"the arguments of a record of logger {record.name}", "none that holds a password", repr(held)
                )
        joins = [record for record in records if record.name == "members" and record.levelno == logging.INFO]
        for member in (ADA, BOB):
            said = [record.getMessage() for record in joins if member["email"] in record.getMessage()]
            assert len(said) == 1, told(f"the INFO records of members with {member['email']}", "one", said)

    async def test_two_directories(self, directory):
        """Two directories share no members."""
        await joined(directory, ADA)
        async with client_for(new_directory()) as other:
            expect_equal(
                (await other.get("/members")).json(), {"total": 0, "items": []}, "GET /members of a second directory"
            )
            await joined(other, BOB)
        expect_equal((await directory.get("/members")).json()["total"], 1, "GET /members of the first directory, total")
