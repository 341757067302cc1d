"""The checks of chapter 10."""

import asyncio
import json
import logging
import re
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from pydantic import BaseModel, TypeAdapter
from redis.exceptions import BusyLoadingError, DataError, InvalidResponse, OutOfMemoryError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from coursekit.testing import answer, expect_equal, raises, raises_async, told

MINUTE = timedelta(minutes=1)
NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)


@pytest.fixture
def server() -> FakeServer:
    """The data of a Redis."""
    return FakeServer()


@pytest.fixture
async def redis(anyio_backend: str, server: FakeServer) -> AsyncIterator[FakeAsyncRedis]:
    """A client of that Redis."""
    async with FakeAsyncRedis(server=server, max_connections=1000) as client:
        yield client


@pytest.fixture
def gate(redis: FakeAsyncRedis) -> Any:
    """A gate that asks that Redis every time."""
    return Gate(redis)


class Gate:
    """Asks Redis every time; one that does not answer is `RedisDown`."""

    def __init__(self, redis: Any) -> None:
        self.redis = redis
        self.commands = 0

    async def run(self, command: Any) -> Any:
        from course_app.core.redis_gate import RedisDown

        self.commands += 1
        try:
            return await command(self.redis)
        except RedisConnectionError as error:
            raise RedisDown from error


class Broken:
    """A gate with a mistake in it."""

    async def run(self, _: Any) -> Any:
        raise RuntimeError("a mistake")


class Public(BaseModel):
    name: str
    price: Decimal


class Private(Public):
    hashed_password: str


@dataclass
class Row:
    name: str
    price: Decimal
    hashed_password: str


async def attempt(sent: str, waiting: Any) -> Any:
    """What this returns. Assert that it raises nothing."""
    try:
        return await waiting
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(told(sent, "no exception", type(error).__name__)) from error


async def soon(sent: str, waiting: Any, seconds: float = 1.0) -> Any:
    """What this returns. Assert that it does not wait for something that never comes."""
    try:
        return await asyncio.wait_for(waiting, seconds)
    except TimeoutError as error:
        raise AssertionError(told(sent, "an answer", f"none within {seconds:g} s")) from error


@pytest.mark.exercise("10.1")
class TestCache:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            pytest.param(str | None, "tea", id="text"),
            pytest.param(list[int], [1, 2, 3], id="a list"),
            pytest.param(list[Public], [Public(name="Teapot", price=Decimal("24.00"))], id="models"),
            pytest.param(dict[int, tuple[str, ...]], {1: ("a", "b")}, id="a dictionary"),
            pytest.param(datetime, NINE, id="a moment"),
        ],
    )
    async def test_round_trip(self, gate, kind, value):
        """What was set is found, as what it was."""
        cache, adapter = answer.Cache(gate), TypeAdapter(kind)
        await attempt(f"set('key', {value!r})", cache.set("key", value, adapter, MINUTE))
        hit = await attempt("get('key')", cache.get("key", adapter))
        expect_equal(hit, answer.Hit(value), f"get after set({value!r})")
        expect_equal(type(hit.value), type(value), f"get after set({value!r}): the type of the value")

    async def test_nothing_is_a_miss_and_none_is_a_hit(self, gate):
        """A kept None, zero or empty value is a hit; a key that is not there is None."""
        cache = answer.Cache(gate)
        for kind, value in ((str | None, None), (int, 0), (str, ""), (list[int], []), (bool, False)):
            await cache.set("key", value, TypeAdapter(kind), MINUTE)
            got = await attempt("get('key')", cache.get("key", TypeAdapter(kind)))
            expect_equal(got, answer.Hit(value), f"get after set({value!r})")
        got = await attempt("get('other')", cache.get("other", TypeAdapter(str | None)))
        expect_equal(got, None, "get of a key that was never set")

    async def test_kept_as_json(self, gate, redis):
        """Redis holds JSON of the declared fields, and nothing else of the object."""
        cache, adapter = answer.Cache(gate), TypeAdapter(Public)
        await cache.set("key", Public(name="Teapot", price=Decimal("24.00")), adapter, MINUTE)
        entry = json.loads(await redis.get("key") or b"null")
        expect_equal(entry, {"name": "Teapot", "price": "24.00"}, "set of a model: the JSON in Redis")
        more = {"name": "Teapot", "price": Decimal("24.00"), "hashed_password": "$argon2id"}
        for value in (Private(**more), Row(**more)):
            try:
                await cache.set("more", value, adapter, MINUTE)
            except Exception:
                continue
            assert b"argon2" not in (await redis.get("more") or b""), told(
                f"set of a {type(value).__name__} with one more field, kind=TypeAdapter(Public)",
                "an entry without that field",
                "it is in Redis",
            )

    async def test_wrong_kind(self, gate, redis, server):
        """A value of another kind raises, and nothing is kept, whether Redis is up or down."""
        cache = answer.Cache(gate)
        warnings.simplefilter("ignore")  # an answer may warn before it raises
        row = {"name": "Teapot", "price": Decimal("24.00"), "hashed_password": "$argon2id"}
        for connected in (True, False):
            server.connected = connected
            for kind, value in ((Public, row), (list[Public], [row]), (int, "tea"), (list[int], 5)):
                sent = (
                    f"set of a {type(value).__name__}, kind=TypeAdapter({kind}), Redis {'up' if connected else 'down'}"
                )
                for lifetime in (MINUTE, timedelta(0)):
                    try:
                        await cache.set("key", value, TypeAdapter(kind), lifetime)
                    except Exception:
                        continue
                    raise AssertionError(told(f"{sent}, lifetime {lifetime}", "an exception", "none"))
        server.connected = True
        expect_equal(await redis.get("key"), None, "set of values of another kind: what Redis holds")

    @pytest.mark.parametrize("seconds", [0.5, 100.0, 86_400.0])
    async def test_lifetime(self, gate, redis, seconds):
        """An entry lives its lifetime or up to a tenth less, at random; without a lifetime nothing is kept."""
        cache, lifetime = answer.Cache(gate), timedelta(seconds=seconds)
        lifetimes = []
        for number in range(40):
            await attempt(f"set(..., {lifetime})", cache.set(f"key {number}", 1, TypeAdapter(int), lifetime))
            lifetimes.append(await redis.pttl(f"key {number}"))
        assert -2 not in lifetimes, told(f"set(..., {lifetime})", "an entry in Redis", "none")
        assert -1 not in lifetimes, told(f"set(..., {lifetime})", "an entry that ends", "one that never ends")
        shortest, longest = min(lifetimes), max(lifetimes)
        sent = f"40 times set with a lifetime of {seconds:g} s: milliseconds to live"
        spent = 200 if seconds > 1 else 100  # what this check itself may have taken meanwhile
        allowed = f"{seconds * 900:.0f} to {seconds * 1000:.0f}"
        in_bounds = seconds * 900 - spent <= shortest <= longest <= seconds * 1000
        assert in_bounds, told(sent, allowed, f"{shortest} to {longest}")
        different = len(set(lifetimes))
        got = "all the same" if different == 1 else f"only {different} different ones"
        assert different > 15, told(sent, "different ones", got)
        if seconds >= 100:
            spread = longest - shortest
            assert spread > seconds * 40, told(sent, f"spread over {allowed}", f"{shortest} to {longest}")
        for nothing in (timedelta(0), -lifetime, timedelta(microseconds=900)):
            await attempt(f"set(..., {nothing!r})", cache.set("key", 1, TypeAdapter(int), nothing))
            expect_equal(await redis.get("key"), None, f"set(..., {nothing!r}): what Redis holds")

    async def test_delete(self, gate, redis):
        """delete removes this entry and no other, and does not mind when there is none."""
        cache = answer.Cache(gate)
        for key in ("a", "b", "ab"):
            await cache.set(key, 1, TypeAdapter(int), MINUTE)
        await attempt("delete('a')", cache.delete("a"))
        expect_equal(sorted(await redis.keys("*")), [b"ab", b"b"], "delete('a') with a, b and ab there: what is left")
        await attempt("delete('a') once more", cache.delete("a"))

    @pytest.mark.parametrize(
        "entry",
        [b"", b"{", b"tea", b"\xff\xfe", b'"tea"', b"[1, null]", b"[" * 50_000, b'{"name": "x"}'],
        ids=["empty", "cut off", "no JSON", "no UTF-8", "text", "a None inside", "deep", "an object"],
    )
    async def test_damaged_entry(self, gate, redis, entry):
        """An entry that is not of this kind is a miss."""
        await redis.set("key", entry)
        got = await attempt(f"get of the entry {entry[:12]!r}", answer.Cache(gate).get("key", TypeAdapter(list[int])))
        expect_equal(got, None, f"get of the entry {entry[:12]!r}, kind=TypeAdapter(list[int])")

    async def test_redis_down(self, gate, server):
        """While Redis is down the cache is empty and raises nothing; other exceptions of the gate are not swallowed."""
        cache = answer.Cache(gate)
        await cache.set("key", 1, TypeAdapter(int), MINUTE)
        server.connected = False
        got = await attempt("get, Redis being down", cache.get("key", TypeAdapter(int)))
        expect_equal(got, None, "get of a key that is there, Redis being down")
        for call in (cache.set("key", 2, TypeAdapter(int), MINUTE), cache.delete("key")):
            expect_equal(await attempt(f"{call.__name__}, Redis being down", call), None, call.__name__)
        server.connected = True
        got = await cache.get("key", TypeAdapter(int))
        expect_equal(got, answer.Hit(1), "get, Redis being back")
        broken = answer.Cache(Broken())
        calls = {
            "get": lambda: broken.get("key", TypeAdapter(int)),
            "set": lambda: broken.set("key", 1, TypeAdapter(int), MINUTE),
            "delete": lambda: broken.delete("key"),
        }
        for name, call in calls.items():
            await raises_async(RuntimeError, call, sent=f"{name} with a gate that raises RuntimeError")


class Colour(StrEnum):
    RED = "red"


class Euro(Decimal):
    pass


def shown() -> None:
    """A function to make keys for."""


def other() -> None:
    """Another one."""


def defined() -> Callable[[], None]:
    """A new function, of the same name each time."""

    def load() -> None: ...

    return load


KEY = re.compile(r"cache:([^:]+):(public|user:.*):([0-9a-f]{64})", re.DOTALL)


def key_of(arguments: Mapping[str, Any], function: Any = shown, user: str | None = None) -> str:
    """What the answer returns. Assert that it has the form of the task."""
    sent = f"cache_key(function, {dict(arguments)!r}, user={user!r})"
    try:
        key = answer.cache_key(function, arguments, user=user)
    except Exception as error:
        raise AssertionError(told(sent, "a key", f"{type(error).__name__}")) from error
    has_form = isinstance(key, str) and KEY.fullmatch(key) is not None
    assert has_form, told(sent, "cache:MODULE.QUALNAME:WHOSE:64 digits", key)
    return key


@pytest.mark.exercise("10.2")
class TestCacheKey:
    def test_form(self):
        """The key names the function with its module and says whose it is."""

        class Shop:
            def prices(self) -> None: ...

        for function in (shown, other, Shop.prices, json.loads):
            name = f"{function.__module__}.{function.__qualname__}"
            for user, whose in ((None, "public"), ("k3y", "user:k3y"), ("", "user:"), ("public", "user:public")):
                key = key_of({"a": 1}, function, user)
                got = key[: -len(key.rpartition(":")[2]) - 1]
                expect_equal(got, f"cache:{name}:{whose}", f"cache_key({function.__qualname__}, ..., user={user!r})")

    def test_users(self):
        """Everybody, each user, and users with strange keys have keys of their own."""
        users = [None, "public", "None", "", "k3y", "K3Y", "k3y ", "a:b", "user:k3y"]
        keys = {key_of({"limit": 10}, user=user) for user in users}
        expect_equal(len(keys), len(users), f"cache_key for the users {users!r}: how many different keys")

    def test_same_question_same_key(self):
        """Equal arguments make the same key, in any order and any mapping."""
        one = {"q": "tea", "limit": 10, "descending": True, "price": Decimal("4.00"), "user": None}
        backwards = dict(reversed(one.items()))
        expect_equal(key_of(backwards), key_of(one), "cache_key with the arguments in another order")
        expect_equal(key_of(MappingProxyType(one)), key_of(one), "cache_key with another kind of mapping")
        expect_equal(key_of(dict(one)), key_of(one), "cache_key called again")
        expect_equal(list(backwards), list(reversed(one)), "the mapping that was handed in, afterwards")

    def test_types_count(self):
        """1, "1", True and Decimal("1") are four values; so are None, "None" and ""."""
        values = [1, "1", True, Decimal(1), 0, "0", False, None, "None", "", "True", "null", "int 1", "1.0", -1, 10**30]
        keys = {repr(value): key_of({"value": value}) for value in values}
        for value, key in keys.items():
            twins = [name for name, twin in keys.items() if twin == key and name != value]
            assert not twins, told(f"cache_key of value={value} and value={', '.join(twins)}", "different keys", "one")

    def test_every_character_counts(self):
        """No text in a value can make one question look like another."""
        questions = [
            {"category": "a_q:b", "q": "c"},
            {"category": "a", "q": "b_q:c"},
            {"category": "a", "q": "b_q:c "},
            {"category": 'a", "q": "b', "q": "c"},
            {"category": "a", "q": 'b", "q": "c'},
            {"category": "a\nq=b", "q": "c"},
            {"category": "a", "q": "b\nq=c"},
            {"category": "a&q=b"},
            {"category": "a", "q": "b"},
            {"q": "a", "category": "b"},
            {"category_q": "ab"},
            {"category": "a', 'str', 'q"},
            {"category": "['q', 'b']"},
            {"category": "a,q,str,b"},
            {"category": "a;q;str;b"},
            {"category": "a|q|str|b"},
            {"category": "a:q:str:b"},
            {"category": "a", "q": "caf\xe9"},
            {"category": "a", "q": "caf\xe8"},
            {"category": "a", "q": "caf"},
            {"category": "A", "q": "b"},
            {"category": "a", "q": "e\u0301"},
            {"category": "a", "q": "\xe9"},
            {"category": "a", "q": "x" * 5000},
            {"category": "a", "q": "x" * 5001},
            {"category": "a", "q": "\0"},
            {"category": "a", "q": "\\0"},
            {},
            {"": ""},
            {"category": None},
            {"q": None},
            {"q": None, "category": None},
            {"CATEGORY": "a", "q": "b"},
            {"category ": "a", "q": "b"},
        ]
        keys = [key_of(question) for question in questions]
        for question, key in zip(questions, keys, strict=True):
            twin = next(other for other, theirs in zip(questions, keys, strict=True) if theirs == key)
            assert twin is question, told(f"cache_key of {question!r} and of {twin!r}", "different keys", "one")

    def test_nothing_to_read(self):
        """A key tells nothing of the arguments, and has one length."""
        key, longer = key_of({"q": "a lump in the breast"}), key_of({"q": "x" * 10_000})
        assert "lump" not in key, told("cache_key of {'q': 'a lump in the breast'}", "a key without these words", key)
        expect_equal(len(longer), len(key), "cache_key of a text of 10 000 characters: its length")

    def test_same_in_every_process(self, monkeypatch):
        """The key is the same in another process, where addresses and hash() are others."""
        arguments = {"q": "tea", "limit": 10, "none": None, "price": Decimal("4.00")}
        before = key_of(arguments)
        for name in ("hash", "id"):
            monkeypatch.setattr(f"{answer.cache_key.__module__}.{name}", lambda _: 4711, raising=False)
        expect_equal(key_of(arguments), before, "cache_key, once with another hash() and another id()")
        one, two = defined(), defined()
        expect_equal(key_of(arguments, one), key_of(arguments, two), "cache_key of a function that was defined twice")

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(object(), id="an object"),
            pytest.param(Colour.RED, id="a StrEnum"),
            pytest.param(Euro("5112"), id="a subclass of Decimal"),
            pytest.param(5112.5, id="a float"),
            pytest.param(["5112"], id="a list"),
            pytest.param(("5112",), id="a tuple"),
            pytest.param({"a": "5112"}, id="a dictionary"),
            pytest.param(b"5112", id="bytes"),
            pytest.param(NINE, id="a moment"),
        ],
    )
    def test_other_types(self, value):
        """Any other type is a TypeError that names the argument and not its value."""
        sent = f"cache_key of secret_thing={type(value).__name__}"
        error = raises(TypeError, answer.cache_key, shown, {"a": 1, "secret_thing": value}, user=None, sent=sent)
        assert "secret_thing" in str(error), told(f"{sent}: the message", "the name of the argument in it", str(error))
        for text in ("5112", "red", "object at", "2026"):
            assert text not in str(error).lower(), told(f"{sent}: the message", "no value in it", str(error))


class Loader:
    """A function that counts its calls, behind the decorator of the answer."""

    def __init__(self, cache: Any, kind: Any, results: Callable[..., Any], **options: Any) -> None:
        from course_app.core.cached import public

        self.calls: list[tuple[Any, ...]] = []
        given = {"lifetime": MINUTE, "arguments": lambda *args: {"args": str(args)}, "user": public} | options

        async def load(*args: Any, **kwargs: Any) -> Any:
            """The text of load."""
            self.calls.append((*args, *kwargs.items()))
            return results(*args, **kwargs)

        self.plain = load
        self.call = answer.cached(cache, TypeAdapter(kind), **given)(load)


@pytest.fixture
def cache(gate: Any) -> Any:
    """A cache on that Redis."""
    from course_app.core.cache import Cache

    return Cache(gate)


@pytest.mark.exercise("10.3")
class TestCached:
    async def test_called_once(self, cache):
        """The second call gets what the first returned, None too, and the function is not called."""
        cup = Public(name="Cup", price=Decimal(4))
        for kind, value in ((str, "tea"), (list[Public], [cup]), (int, 0), (str, ""), (str | None, None)):
            loader = Loader(cache, kind, lambda *_, value=value: value, arguments=lambda n, kind=kind: {"k": str(kind)})
            got = [await attempt("the decorated function", loader.call(1)) for _ in range(3)]
            expect_equal(got, [value] * 3, f"three calls of a function that returns {value!r}")
            expect_equal(len(loader.calls), 1, f"three calls of a function that returns {value!r}: how often it ran")
            await cache._gate.redis.flushall()

    async def test_arguments_decide(self, cache):
        """What `arguments` returns decides which calls are the same."""
        loader = Loader(
            cache, int, lambda session, number, **_: number, arguments=lambda _, number, **__: {"n": number}
        )
        got = [await loader.call(object(), number, debug=debug) for number in (1, 2, 1) for debug in (True, False)]
        expect_equal(got, [1, 1, 2, 2, 1, 1], "calls for 1, 2 and 1, each with another session")
        expect_equal(len(loader.calls), 2, "calls for 1, 2 and 1, each with another session: how often it ran")

    async def test_arguments_as_they_came(self, cache):
        """The function, `arguments` and `user` get positional and named arguments as they came."""
        seen: list[Any] = []

        def note(name: str, result: Any) -> Any:
            def noted(*args: Any, **kwargs: Any) -> Any:
                seen.append((name, args, kwargs))
                return result

            return noted

        loader = Loader(
            cache, int, note("function", 1), arguments=note("arguments", {"n": 1}), user=note("user", "k3y")
        )
        await attempt("the decorated function (5, limit=10)", loader.call(5, limit=10))
        for name in ("arguments", "function", "user"):
            got = [call[1:] for call in seen if call[0] == name]
            once = got[:1] if name != "function" else got  # asked twice they say the same
            expect_equal(once, [((5,), {"limit": 10})], f"a call (5, limit=10): what {name} was called with")
            expect_equal(got, once * len(got), f"a call (5, limit=10): what {name} was called with, each time")

    async def test_users(self, cache):
        """Each user has entries of their own, and `public` shares one."""
        loader = Loader(
            cache, str, lambda user: f"orders of {user}", arguments=lambda _: {}, user=lambda user: user or None
        )
        got = [await loader.call(user) for user in ("ada", "bob", "", "ada", "bob", "")]
        expect_equal(
            got, ["orders of ada", "orders of bob", "orders of "] * 2, "calls for ada, bob and nobody, all twice"
        )
        expect_equal(len(loader.calls), 3, "calls for ada, bob and nobody, all twice: how often it ran")
        shared = Loader(cache, str, lambda _: "prices", arguments=lambda _: {"shared": True})
        for user in ("ada", "bob"):
            await shared.call(user)
        expect_equal(len(shared.calls), 1, "calls for ada and bob with user=public: how often it ran")

    async def test_its_key(self, cache):
        """The key is the one that cache_key makes of the function: deleting it ends the entry."""
        from course_app.core.cache_keys import cache_key

        loader = Loader(cache, int, lambda number: number, arguments=lambda number: {"n": number}, user=lambda _: "k3y")
        for function, name in ((loader.plain, "the function"), (loader.call, "the decorated function")):
            loader.calls.clear()
            await loader.call(1)
            await cache.delete(cache_key(function, {"n": 1}, user="k3y"))
            await loader.call(1)
            runs = len(loader.calls) - (0 if function is loader.plain else -1)
            expect_equal(runs, 2, f"a call, cache.delete(cache_key({name}, ...)), a call: how often it ran")

    async def test_errors_are_not_kept(self, cache, redis):
        """An exception goes to the caller, a mistake in a key or a result too, and the next call tries again."""
        results: list[Any] = [ValueError("first"), LookupError("second"), 7]

        def result(_: int) -> int:
            outcome = results[len(loader.calls) - 1]
            if isinstance(outcome, Exception):
                raise outcome
            return int(outcome)

        loader = Loader(cache, int, result)
        for kind in (ValueError, LookupError):
            await raises_async(kind, loader.call, 1, sent=f"a call whose function raises {kind.__name__}")
        got = [await loader.call(1), await loader.call(1)]
        expect_equal(got, [7, 7], "two calls after two that raised")
        expect_equal(len(loader.calls), 3, "two calls after two that raised: how often it ran")
        await redis.flushall()
        picky = Loader(cache, int | None, lambda _: 1, arguments=lambda value: {"value": value})
        await raises_async(TypeError, picky.call, [1], sent="a call whose `arguments` returns a list in the mapping")
        other = Loader(cache, int, lambda _: "tea")
        try:
            await other.call(1)
        except Exception:
            pass
        else:
            raise AssertionError(told("a call that returns text, kind=TypeAdapter(int)", "an exception", "none"))

        def fails(_: int) -> None:
            raise LookupError("gone")

        broken = Loader(cache, int | None, fails)
        for number in (1, 2):
            sent = f"call number {number} of a function that raises LookupError each time"
            await raises_async(LookupError, broken.call, 1, sent=sent)
        expect_equal(await redis.keys("*"), [], "calls that raised: what is in Redis")

    async def test_lifetime(self, cache, redis):
        """The entry lives for the lifetime."""
        for lifetime in (timedelta(seconds=7), timedelta(hours=2)):
            await redis.flushall()
            await Loader(cache, int, lambda _: 1, lifetime=lifetime).call(1)
            left = [await redis.pttl(key) for key in await redis.keys("*")]
            seconds = lifetime.total_seconds()
            sent = f"a call with lifetime={lifetime}: milliseconds to live of what is in Redis"
            in_bounds = [seconds * 890 - 100 < each <= seconds * 1000 for each in left]
            expected = f"one entry, at most {seconds * 1000:.0f} and a tenth less at least"
            assert in_bounds == [True], told(sent, expected, left)

    async def test_without_redis(self, cache, server, redis):
        """Redis down or an entry damaged: the function is called, and its result returned."""
        loader = Loader(cache, int, lambda number: number)
        server.connected = False
        got = [await attempt("a call, Redis being down", loader.call(1)) for _ in range(2)]
        expect_equal((got, len(loader.calls)), ([1, 1], 2), "two calls, Redis being down: results, how often it ran")
        server.connected = True
        await loader.call(1)
        for key in await redis.keys("*"):
            await redis.set(key, b"{")
        got = [await attempt("a call, its entry damaged", loader.call(1)) for _ in range(2)]
        expect_equal((got, len(loader.calls)), ([1, 1], 4), "two calls, the entry damaged: results, how often it ran")


class Computation:
    """A computation that waits until it is let go, and counts how often it was begun."""

    def __init__(self, outcome: Any = "page") -> None:
        self.begun = 0
        self.over = 0
        self.outcome = outcome
        self.go = asyncio.Event()

    async def __call__(self) -> Any:
        self.begun += 1
        await self.go.wait()
        self.over += 1
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def calls_of(flight: Any, key: Any, compute: Any, count: int) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(flight.run(key, compute)) for _ in range(count)]


async def outcomes(tasks: list[asyncio.Task[Any]], sent: str) -> list[Any]:
    """What each returned or raised. Assert that all of them end."""
    _, pending = await asyncio.wait(tasks, timeout=1)
    for task in pending:
        task.cancel()
    if pending:
        raise AssertionError(told(sent, "that all calls end", f"{len(pending)} of {len(tasks)} never do"))
    return ["cancelled" if task.cancelled() else task.exception() or task.result() for task in tasks]


@pytest.mark.exercise("10.4")
class TestSingleFlight:
    @pytest.mark.parametrize("outcome", ["page", None, 0, [], False], ids=repr)
    async def test_one_for_all(self, outcome):
        """Of a hundred at once one computes, and all get the result."""
        flight, compute = answer.SingleFlight(), Computation(outcome)
        tasks = calls_of(flight, "key", compute, 50)
        await settle()
        tasks += calls_of(flight, "key", compute, 50)
        await settle()
        sent = f"100 calls of run('key', compute), 50 of them later, the result being {outcome!r}"
        expect_equal(len(flight), 1, f"{sent}: len() meanwhile")
        compute.go.set()
        got = await outcomes(tasks, sent)
        expect_equal(compute.begun, 1, f"{sent}: how often compute ran")
        assert all(type(each) is type(outcome) and each == outcome for each in got), told(sent, [outcome] * 2, got[:2])

    async def test_equal_keys(self):
        """Equal keys are one key, also when they are not the same object; others do not wait."""
        flight, slow, quick = answer.SingleFlight(), Computation("slow"), Computation("quick")
        tasks = [asyncio.create_task(flight.run(("page", number), slow)) for number in (1, 1)]
        await settle()
        expect_equal(slow.begun, 1, "run(('page', 1), compute) twice, the keys equal: how often compute ran")
        quick.go.set()
        tasks.append(asyncio.create_task(flight.run(-1, slow)))
        await settle()
        others = (("page", 2), "page", 1, None, "('page', 1)", -2, "-1")
        for key in others:
            sent = f"run({key!r}, compute) while ('page', 1) and -1 are under way"
            expect_equal(await soon(sent, flight.run(key, quick)), "quick", sent)
        expect_equal(quick.begun, len(others), f"{len(others)} calls with other keys: how often compute ran")
        slow.go.set()
        await outcomes(tasks, "run(('page', 1), compute)")

    async def test_nothing_is_remembered(self):
        """A call after the end computes again, and nothing is under way any more."""
        flight, compute = answer.SingleFlight(), Computation()
        compute.go.set()
        for number in (1, 2, 3):
            await soon("run('key', compute)", flight.run("key", compute))
            expect_equal(len(flight), 0, f"run('key', compute), call {number}: len() when it has returned")
            expect_equal(compute.begun, number, f"run('key', compute), call {number}: how often compute ran")

    async def test_errors(self):
        """An exception goes to everybody who waited, and the next call computes again."""
        flight, broken = answer.SingleFlight(), Computation(LookupError("gone"))
        tasks = calls_of(flight, "key", broken, 3)
        await settle()
        broken.go.set()
        got = await outcomes(tasks, "three calls of run, compute raising")
        names = [type(each).__name__ for each in got]
        expect_equal(names, ["LookupError"] * 3, "three calls of run, compute raising LookupError: what they raise")
        expect_equal(broken.begun, 1, "three calls of run, compute raising LookupError: how often compute ran")
        expect_equal(len(flight), 0, "three calls of run, compute raising LookupError: len() afterwards")
        whole = Computation("whole")
        whole.go.set()
        got = await attempt("run after one that raised", flight.run("key", whole))
        expect_equal(got, "whole", "run after one that raised")

    @pytest.mark.parametrize("leaves", [0, 1, 2], ids=["the first", "the second", "the last"])
    async def test_one_leaves(self, leaves):
        """A caller who is cancelled is gone at once, and the others get their result."""
        flight, compute = answer.SingleFlight(), Computation()
        tasks = calls_of(flight, "key", compute, 3)
        await settle()
        sent = f"three calls of run, number {leaves + 1} is cancelled"
        tasks[leaves].cancel()
        await settle()
        assert tasks[leaves].done(), told(sent, "that it ends at once", "it goes on waiting")
        tasks += calls_of(flight, "key", compute, 1)
        await settle()
        compute.go.set()
        got = await outcomes(tasks, sent)
        expected = ["cancelled" if number == leaves else "page" for number in range(4)]
        expect_equal(got, expected, f"{sent}, a fourth comes later: what each gets")
        expect_equal(compute.begun, 1, f"{sent}, a fourth comes later: how often compute ran")

    async def test_all_leave(self):
        """When all are gone, the computation goes on, and whoever comes then gets its result."""
        flight, compute = answer.SingleFlight(), Computation()
        tasks = calls_of(flight, "key", compute, 2)
        await settle()
        for task in tasks:
            task.cancel()
        await settle()
        late = calls_of(flight, "key", compute, 1)
        await settle()
        expect_equal(compute.begun, 1, "two callers are cancelled, a third comes: how often compute ran")
        compute.go.set()
        got = await outcomes(late, "run, after the two before were cancelled")
        expect_equal(got, ["page"], "two callers are cancelled, a third comes: what it gets")
        abandoned = Computation()
        (task,) = calls_of(flight, "other", abandoned, 1)
        await settle()
        task.cancel()
        await settle()
        abandoned.go.set()
        await settle()
        expect_equal(abandoned.over, 1, "the only caller is cancelled: how often compute came to its end")
        expect_equal(len(flight), 0, "the only caller is cancelled, compute has ended: len()")

    async def test_each_its_own(self):
        """Two SingleFlight share nothing."""
        compute = Computation()
        tasks = calls_of(answer.SingleFlight(), "key", compute, 1) + calls_of(answer.SingleFlight(), "key", compute, 1)
        await settle()
        expect_equal(compute.begun, 2, "run('key', compute) on each of two SingleFlight: how often compute ran")
        compute.go.set()
        await outcomes(tasks, "run on two SingleFlight")


class Items:
    """A source of pages: a list of names with a revision. What happens while a page is loaded can be set."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.changes = 0
        self.asked = 0
        self.loads = 0
        self.meanwhile: Callable[[], Any] | None = None
        self.after_revision: Callable[[], Any] | None = None
        self.gates: list[asyncio.Event] = []

    def write(self, *names: str) -> None:
        self.names = list(names)
        self.changes += 1

    async def revision(self) -> str:
        self.asked += 1
        revision = f"{self.changes * 7919 % 104_729:x}"
        await asyncio.sleep(0)
        if self.after_revision is not None:
            after, self.after_revision = self.after_revision, None
            after()
        return revision

    async def load(self, page: Any, order: Any, wanted: Any) -> Any:
        from course_app.schemas.items import ItemRead
        from course_app.schemas.responses import Page

        self.loads += 1
        names = [*self.names, repr((page, order, wanted))]
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.gates:
            await self.gates.pop(0).wait()
        rest = {"description": None, "price": Decimal(1), "quantity": 1, "owner_id": None}
        rows = [ItemRead(id=1, name=name, created_at=NINE, updated_at=NINE, **rest) for name in names]
        return Page(items=rows, total=len(rows), skip=page.skip, limit=page.limit)


def question(**changes: Any) -> tuple[Any, Any, Any]:
    """The three parts of a question about items."""
    from course_app.core.sorting import Order
    from course_app.schemas.items import ItemFilter
    from course_app.schemas.pagination import PageParams

    def part(kind: Any, names: tuple[str, ...]) -> Any:
        return kind(**{name: changes[name] for name in names if name in changes})

    return (
        part(PageParams, ("skip", "limit")),
        part(Order, ("field", "descending")),
        part(ItemFilter, ("q", "min_price", "max_price")),
    )


async def names_of(pages: Any, **changes: Any) -> list[str]:
    """The names on the page that the answer returns."""
    sent = f"page(...) with {changes or 'the defaults'}"
    page = await soon(sent, attempt(sent, pages.page(*question(**changes))))
    return [item.name for item in page.items][:-1]


@pytest.mark.exercise("10.5")
class TestItemPages:
    async def test_kept(self, cache, redis):
        """The second call loads nothing; the revision is asked in each; without its entry a page is loaded again."""
        source = Items("Teapot", "Kettle")
        pages = answer.ItemPages(source, cache)
        got = [await names_of(pages, limit=5) for _ in range(3)]
        expect_equal(got, [["Teapot", "Kettle"]] * 3, "page(...) three times")
        expect_equal(source.loads, 1, "page(...) three times: how often it was loaded")
        expect_equal(source.asked, 3, "page(...) three times: how often the revision was asked")
        await redis.flushall()
        await names_of(pages, limit=5)
        expect_equal(source.loads, 2, "page(...), Redis loses everything, page(...): how often it was loaded")

    async def test_a_write_is_seen(self, cache):
        """A call after a write gets what was written, for every question."""
        source = Items("Teapot")
        pages = answer.ItemPages(source, cache)
        for names in (["Kettle"], ["Kettle", "Cup"], [], ["Teapot"]):
            for _ in range(2):
                await names_of(pages)
                await names_of(pages, q="t", field="price")
            source.write(*names)
            got = (await names_of(pages), await names_of(pages, q="t", field="price"))
            expect_equal(got, (names, names), f"page(...) of two questions after a write to {names!r}")

    async def test_two_processes(self, gate):
        """What another process kept is used, and what another process wrote is seen."""
        from course_app.core.cache import Cache

        source = Items("Teapot")
        one, two = (answer.ItemPages(source, Cache(gate)) for _ in range(2))
        got = [await names_of(one), await names_of(two)]
        expect_equal((got, source.loads), ([["Teapot"]] * 2, 1), "page(...) in two processes: pages, how often loaded")
        source.write("Kettle")
        got = [await names_of(two), await names_of(one)]
        expect_equal(got, [["Kettle"]] * 2, "page(...) in two processes after a write")

    @pytest.mark.parametrize("when", ["after_revision", "meanwhile"])
    async def test_a_write_in_between(self, cache, when):
        """A write that comes while a page is read does not leave the old page behind."""
        source = Items("Teapot")
        pages = answer.ItemPages(source, cache)
        setattr(source, when, lambda: source.write("Kettle"))
        await names_of(pages)
        for number in (1, 2):
            sent = f"a write {'after the revision was' if when == 'after_revision' else 'while the page is being'} read"
            expect_equal(await names_of(pages), ["Kettle"], f"{sent}, then page(...), call {number}")

    async def test_no_old_flight(self, cache):
        """A call that begins after a write does not wait for a page from before it."""
        source = Items("Teapot")
        pages = answer.ItemPages(source, cache)
        held = asyncio.Event()
        source.gates = [held]
        early = asyncio.create_task(names_of(pages))
        await settle()
        source.write("Kettle")
        late = asyncio.create_task(names_of(pages))
        await settle()
        sent = "page(...) after a write, an older call being under way"
        done = late.done()
        held.set()
        got = await soon(sent, asyncio.gather(early, late))
        expect_equal(got[1], ["Kettle"], sent)
        assert done, told(sent, "an answer at once", "it waits for the older call")
        expect_equal(await names_of(pages), ["Kettle"], f"{sent}; and once more when both are over")

    async def test_one_flight(self, cache):
        """Of many who ask the same at once one loads, with Redis and without."""
        source = Items("Teapot")
        pages = answer.ItemPages(source, cache)
        for state in ("Redis up", "Redis down"):
            source.loads, source.asked, held = 0, 0, asyncio.Event()
            source.write("Kettle")
            source.gates = [held]
            tasks = [asyncio.create_task(names_of(pages)) for _ in range(30)]
            await asyncio.sleep(0.01)
            held.set()
            got = await asyncio.gather(*tasks)
            expect_equal(got, [["Kettle"]] * 30, f"30 calls at once, {state}")
            expect_equal(source.loads, 1, f"30 calls at once, {state}: how often the page was loaded")
            expect_equal(source.asked, 30, f"30 calls at once, {state}: how often the revision was asked")
            cache._gate.redis = FakeAsyncRedis(server=FakeServer(), connected=False)

    async def test_each_question_its_own_page(self, cache):
        """Whatever the page depends on is part of the question, in the cache and in flight."""
        source = Items()
        pages = answer.ItemPages(source, cache)
        questions: list[dict[str, Any]] = [
            {},
            {"skip": 1},
            {"skip": 20},
            {"limit": 1},
            {"skip": 1, "limit": 1},
            {"field": "price"},
            {"descending": True},
            {"field": "price", "descending": True},
            {"q": "id"},
            {"q": ""},
            {"q": "1"},
            {"min_price": Decimal(1)},
            {"max_price": Decimal(1)},
            {"min_price": Decimal(1), "max_price": Decimal(1)},
            {"min_price": Decimal(-1)},
            {"min_price": Decimal(-2)},
        ]
        for together in (False, True):
            await cache._gate.redis.flushall()
            if together:
                calls = [asyncio.create_task(pages.page(*question(**each))) for each in questions]
                got = [await call for call in calls]
            else:
                got = [await attempt(f"page of {each}", pages.page(*question(**each))) for each in questions]
            for each, page in zip(questions, got, strict=True):
                expected = repr(question(**each))
                sent = f"page(...) with {each}{', with other questions under way' if together else ''}: the question"
                expect_equal(page.items[-1].name, expected, sent)

    async def test_whose(self, cache, redis):
        """The entries are everybody's, live a minute at most, and are read as they were written."""
        source = Items("Teapot")
        pages = answer.ItemPages(source, cache)
        first = await pages.page(*question())
        second = await pages.page(*question())
        expect_equal(second.model_dump(), first.model_dump(), "page(...) out of the cache, and as it was loaded")
        for key in await redis.keys("*"):
            assert b":public:" in key, told("page(...): the key in Redis", "one with :public: in it", key.decode())
            left = await redis.pttl(key)
            assert 0 < left <= 60_000, told("page(...): milliseconds to live", "at most 60000", left)


class Client:
    """A Redis whose answers are set: a result, or an exception that is raised."""

    def __init__(self) -> None:
        self.outcome: Any = b"value"
        self.asked = 0
        self.held: asyncio.Event | None = None
        self.takes: Callable[[], None] = lambda: None

    async def get(self, _: str) -> Any:
        self.asked += 1
        outcome, held = self.outcome, self.held
        self.takes()
        if held is not None:
            await held.wait()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class Timer:
    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client_of_gate() -> Client:
    return Client()


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def closing(client_of_gate: Client, timer: Timer) -> Any:
    """The answer's gate in front of that client."""
    return answer.RedisGate(client_of_gate, timer)


def said_by_gate(caplog: Any) -> list[str]:
    """What the gate has logged, each with its level."""
    records = [record for record in caplog.records if record.name == "course_app.redis"]
    return [f"{record.levelname.lower()}: {record.getMessage()}" for record in records]


async def ask(gate: Any) -> str:
    """What a `get` through the gate comes to: "answered", "down", or the name of another exception."""
    try:
        await asyncio.wait_for(gate.run(lambda redis: redis.get("key")), 1)
    except answer.RedisDown:
        return "down"
    except Exception as error:
        return type(error).__name__
    return "answered"


@pytest.mark.exercise("10.6")
class TestRedisGate:
    @pytest.mark.parametrize(
        "failure",
        [
            RedisConnectionError("refused"),
            RedisTimeoutError("silent"),
            BusyLoadingError("loading"),
            InvalidResponse("nonsense"),
            ConnectionRefusedError(),
            OSError(),
            TimeoutError(),
        ],
        ids=lambda failure: f"{type(failure).__module__}.{type(failure).__name__}",
    )
    async def test_failures(self, closing, client_of_gate, failure):
        """Every failure of Redis is RedisDown, and closes the gate."""
        client_of_gate.outcome = failure
        expect_equal(await ask(closing), "down", f"a command that raises {type(failure).__name__}")
        client_of_gate.outcome = b"value"
        got = [await ask(closing) for _ in range(3)]
        sent = f"three commands right after one that raised {type(failure).__name__}"
        expect_equal(got, ["down"] * 3, sent)
        expect_equal(client_of_gate.asked, 1, f"{sent}: how often Redis was asked in all")

    @pytest.mark.parametrize(
        "refusal",
        [ResponseError("WRONGTYPE"), OutOfMemoryError("OOM"), DataError("a value of a wrong type")],
        ids=lambda refusal: type(refusal).__name__,
    )
    async def test_refused(self, closing, client_of_gate, timer, caplog, refusal):
        """A command that is refused is RedisDown and a line in the log, and the gate stays open."""
        name = type(refusal).__name__
        client_of_gate.outcome = refusal
        for number in (1, 2):
            expect_equal(await ask(closing), "down", f"a command that raises {name}")
            expect_equal(
                client_of_gate.asked, number, f"{number} times a command that raises {name}: how many were sent"
            )
        expected = ["warning: Redis refused a command"] * 2
        expect_equal(said_by_gate(caplog), expected, f"twice a command that raises {name}: the lines in the log")
        client_of_gate.outcome = b"value"
        expect_equal(await ask(closing), "answered", f"a command after one that raised {name}")
        client_of_gate.outcome = RedisConnectionError()
        await ask(closing)
        timer.now += 1
        client_of_gate.outcome = refusal
        expect_equal(await ask(closing), "down", f"the one that tries raises {name}")
        client_of_gate.outcome = b"value"
        timer.now += 1
        expect_equal(await ask(closing), "answered", f"a command a second after the one that tried raised {name}")
        opened = said_by_gate(caplog).count("warning: Redis answers again")
        sent = f"Redis fails, the one that tries raises {name}, the next command succeeds"
        expect_equal(opened, 1, f"{sent}: how often the log has 'Redis answers again'")

    async def test_pause(self, closing, client_of_gate, timer):
        """Redis is left alone for a second from each failure on, that of a try too, and asked again then."""
        client_of_gate.outcome = RedisConnectionError()
        client_of_gate.takes = lambda: setattr(timer, "now", timer.now + 0.5)
        await ask(closing)
        client_of_gate.outcome, client_of_gate.takes = b"value", lambda: None
        for seconds, expected in ((0.6, "down"), (0.3, "down"), (0.0999, "down"), (0.0001, "answered")):
            timer.now = round(timer.now + seconds, 6)
            passed = round(timer.now - 5000.5, 6)
            expect_equal(await ask(closing), expected, f"a command {passed} s after one that failed")
        got = [await ask(closing) for _ in range(3)]
        expect_equal(got, ["answered"] * 3, "three commands after one that succeeded: the gate is open")
        client_of_gate.outcome = ConnectionRefusedError()
        await ask(closing)
        client_of_gate.outcome = b"value"
        timer.now += 3600
        expect_equal(await ask(closing), "answered", "a command an hour after one that failed")
        client_of_gate.outcome = RedisConnectionError()
        await ask(closing)
        before = client_of_gate.asked
        for number in (1, 2, 3):
            timer.now += 1
            client_of_gate.takes = lambda: setattr(timer, "now", timer.now + 0.5)
            await ask(closing)
            expect_equal(
                client_of_gate.asked - before, number, f"{number} times a second later: how often Redis was asked"
            )
            client_of_gate.takes = lambda: None
            for _ in range(2):
                timer.now += 0.4
                await ask(closing)
            expect_equal(
                client_of_gate.asked - before, number, "0.8 s after a try that failed: how often Redis was asked"
            )
            timer.now = round(timer.now - 0.8, 6)
        client_of_gate.outcome = b"value"
        timer.now += 1
        expect_equal(await ask(closing), "answered", "a second later, Redis being back")

    async def test_only_one_tries(self, closing, client_of_gate, timer):
        """After the pause one call tries, and all others go on without Redis until it is back."""
        client_of_gate.outcome = RedisConnectionError()
        await ask(closing)
        timer.now += 1
        client_of_gate.outcome, client_of_gate.held = b"value", asyncio.Event()
        first = asyncio.create_task(ask(closing))
        await settle()
        others = [asyncio.create_task(ask(closing)) for _ in range(10)]
        await settle()
        expect_equal(
            client_of_gate.asked, 2, "eleven calls when the pause is over: how many ask Redis (one did before)"
        )
        assert all(task.done() for task in others), told(
            "ten calls while one tries", "RedisDown at once", "they go on waiting"
        )
        expect_equal([task.result() for task in others], ["down"] * 10, "ten calls while one tries")
        client_of_gate.held.set()
        expect_equal(await first, "answered", "the one that tries")
        client_of_gate.held = asyncio.Event()
        later = [asyncio.create_task(ask(closing)) for _ in range(3)]
        await settle()
        client_of_gate.held.set()
        got = await asyncio.gather(*later)
        expect_equal(got, ["answered"] * 3, "three calls at once after the one that tried succeeded")

    @pytest.mark.parametrize("how", ["cancelled", "ValueError"])
    async def test_the_one_that_tries_is_lost(self, closing, client_of_gate, timer, how):
        """If the one that tries never tells, another one may a second later."""
        client_of_gate.outcome = RedisConnectionError()
        await ask(closing)
        timer.now += 1
        if how == "cancelled":
            client_of_gate.held = asyncio.Event()
            lost = asyncio.create_task(closing.run(lambda redis: redis.get("key")))
            await settle()
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
        else:
            client_of_gate.outcome = ValueError("a mistake")
            expect_equal(await ask(closing), "ValueError", "the one that tries raises ValueError")
        client_of_gate.held, client_of_gate.outcome, before = asyncio.Event(), b"value", client_of_gate.asked
        calls = [asyncio.create_task(ask(closing)) for _ in range(3)]
        await settle()
        sent = f"three calls right after the one that tries was lost ({how})"
        asked = client_of_gate.asked - before
        client_of_gate.held.set()
        await asyncio.gather(*calls)
        assert asked <= 1, told(f"{sent}: how many ask Redis", "one at most, as before", asked)
        client_of_gate.held = None
        timer.now += 1
        expect_equal(await ask(closing), "answered", f"1 s after the one that tries was lost ({how})")

    async def test_mistakes_are_not_redis(self, closing, client_of_gate):
        """Results and exceptions that are not of Redis go to the caller; being cancelled changes nothing."""
        for outcome in (b"value", None, 0, b""):
            client_of_gate.outcome = outcome
            got = await attempt("run of a command", closing.run(lambda redis: redis.get("key")))
            expect_equal(got, outcome, f"run of a command that returns {outcome!r}")
        expect_equal(await ask(answer.RedisGate()), "down", "run of a gate without a client")
        for mistake in (ValueError("x"), KeyError("x"), RuntimeError("x")):
            client_of_gate.outcome = mistake
            expect_equal(await ask(closing), type(mistake).__name__, f"a command that raises {type(mistake).__name__}")
        client_of_gate.outcome, client_of_gate.held = b"value", asyncio.Event()
        task = asyncio.create_task(closing.run(lambda redis: redis.get("key")))
        await settle()
        task.cancel()
        (got,) = await asyncio.gather(task, return_exceptions=True)
        expect_equal(type(got).__name__, "CancelledError", "a caller is cancelled while Redis is asked")
        client_of_gate.held = None
        expect_equal(await ask(closing), "answered", "the next command")

    async def test_a_late_answer_opens(self, closing, client_of_gate, timer):
        """A command that was under way when another failed, and succeeds, opens the gate."""
        client_of_gate.held = asyncio.Event()
        late = asyncio.create_task(ask(closing))
        await settle()
        held, client_of_gate.held = client_of_gate.held, None
        client_of_gate.outcome = RedisConnectionError()
        await ask(closing)
        client_of_gate.outcome = b"value"
        expect_equal(await ask(closing), "down", "a command after one that failed, another one still under way")
        held.set()
        expect_equal(await late, "answered", "the one that was under way")
        expect_equal(await ask(closing), "answered", "a command after that one succeeded, no second having passed")

    async def test_said_once(self, closing, client_of_gate, timer, caplog):
        """The log has one line when Redis goes, and one when it comes back."""
        caplog.set_level(logging.DEBUG)

        def said(sent: str, expected: list[str]) -> None:
            expect_equal(said_by_gate(caplog), expected, f"{sent}: the lines of the logger course_app.redis")
            caplog.clear()

        await ask(closing)
        said("a command that succeeds", [])
        for outage in ("an outage", "another outage"):
            client_of_gate.outcome, client_of_gate.held = RedisConnectionError(), asyncio.Event()
            tasks = [asyncio.create_task(ask(closing)) for _ in range(10)]
            await settle()
            client_of_gate.held.set()
            await asyncio.gather(*tasks)
            client_of_gate.held = None
            for _ in range(3):
                timer.now += 1
                await ask(closing)
                await ask(closing)
            said(
                f"{outage}: ten commands fail at once, and one more in each of three seconds",
                ["warning: Redis does not answer"],
            )
            client_of_gate.outcome = b"value"
            timer.now += 1
            for _ in range(3):
                await ask(closing)
            said(f"{outage} is over: three commands succeed", ["warning: Redis answers again"])
