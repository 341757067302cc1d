"""Wrong and alternative right answers to the exercises of chapter 10."""

from coursekit.answers import right, wrong

# --- 10.1 get, set, delete -------------------------------------------------------------------------------------------

_GET = """        try:
            entry = await self._gate.run(lambda redis: redis.get(key))
            return None if entry is None else Hit(kind.validate_json(entry))
        except (RedisDown, ValidationError):
            return None"""
wrong(
    "10.1",
    "an empty value is nothing",
    replace=_GET,
    by="""        try:
            entry = await self._gate.run(lambda redis: redis.get(key))
            value = kind.validate_json(entry) if entry else None
            return Hit(value) if value else None
        except (RedisDown, ValidationError):
            return None""",
    caught_by="test_nothing_is_a_miss_and_none_is_a_hit",
)
wrong(
    "10.1",
    "the value itself is returned",
    replace="Hit(kind.validate_json(entry))",
    by="kind.validate_json(entry)",
    caught_by="test_round_trip",
)
wrong(
    "10.1",
    "a damaged entry raises",
    replace="except (RedisDown, ValidationError):",
    by="except RedisDown:",
    caught_by="test_damaged_entry",
)
wrong(
    "10.1",
    "read with json, so that nothing is checked and everything is plain",
    edits=[
        ("import random\n", "import json\nimport random\n"),
        ("kind.validate_json(entry)", "json.loads(entry)"),
        ("(RedisDown, ValidationError)", "(RedisDown, ValueError)"),
    ],
    caught_by="test_round_trip",
)
wrong(
    "10.1",
    "get swallows everything",
    replace="except (RedisDown, ValidationError):",
    by="except Exception:",
    caught_by="test_redis_down",
)
wrong(
    "10.1",
    "Redis down is the caller's problem in get",
    replace="except (RedisDown, ValidationError):",
    by="except ValidationError:",
    caught_by="test_redis_down",
)
_STORE = """        try:
            await self._gate.run(lambda redis: redis.set(key, entry, px=milliseconds))
        except RedisDown:
            return"""
wrong(
    "10.1",
    "Redis down is the caller's problem in set",
    replace=_STORE,
    by="        await self._gate.run(lambda redis: redis.set(key, entry, px=milliseconds))",
    caught_by="test_redis_down",
)
wrong(
    "10.1",
    "set swallows everything",
    replace=_STORE,
    by=_STORE.replace("except RedisDown", "except Exception"),
    caught_by="test_redis_down",
)
_DELETE = """        try:
            await self._gate.run(lambda redis: redis.delete(key))
        except RedisDown:
            return"""
wrong(
    "10.1",
    "Redis down is the caller's problem in delete",
    replace=_DELETE,
    by="        await self._gate.run(lambda redis: redis.delete(key))",
    caught_by="test_redis_down",
)
wrong(
    "10.1",
    "deletes everything that begins so",
    replace=_DELETE,
    by="""        try:
            for found in await self._gate.run(lambda redis: redis.keys(f"{key}*")):
                await self._gate.run(lambda redis, found=found: redis.delete(found))
        except RedisDown:
            return""",
    caught_by="test_delete",
)
wrong(
    "10.1",
    "written without a look at its type",
    replace='kind.dump_json(value, warnings="error")',
    by="kind.dump_json(value, warnings=False)",
    caught_by="test_wrong_kind",
)
wrong(
    "10.1",
    "written as whatever it is",
    edits=[
        ('kind.dump_json(value, warnings="error")', "to_json(value)"),
        (
            "from pydantic import TypeAdapter, ValidationError\n",
            "from pydantic import TypeAdapter, ValidationError\nfrom pydantic_core import to_json\n",
        ),
    ],
    caught_by="test_kept_as_json",
)
_TIMES = "int(lifetime / timedelta(milliseconds=1) * random.uniform(0.9, 1))"
for _what, _by, _caught in (
    ("no jitter", "int(lifetime / timedelta(milliseconds=1))", "test_lifetime"),
    ("jitter that is longer", _TIMES.replace("(0.9, 1)", "(1, 1.1)"), "test_lifetime"),
    ("jitter around the lifetime", _TIMES.replace("(0.9, 1)", "(0.95, 1.05)"), "test_lifetime"),
    ("jitter of a half", _TIMES.replace("(0.9, 1)", "(0.5, 1)"), "test_lifetime"),
    ("a hundredth of jitter", _TIMES.replace("(0.9, 1)", "(0.99, 1)"), "test_lifetime"),
    ("whole seconds", "1000 * int(lifetime.total_seconds() * random.uniform(0.9, 1))", "test_lifetime"),
    ("the days are forgotten", "int(lifetime.seconds * 1000 * random.uniform(0.9, 1))", "test_lifetime"),
    ("at least a millisecond", f"max(1, {_TIMES})", "test_lifetime"),
):
    wrong("10.1", _what, replace=_TIMES, by=_by, caught_by=_caught)
wrong(
    "10.1",
    "a lifetime of nothing is sent to Redis",
    replace="        if milliseconds < 1:\n            return\n",
    by="",
    caught_by="test_lifetime",
)
wrong(
    "10.1",
    "the value is not looked at when there is nothing to keep",
    edits=[
        ('        entry = kind.dump_json(value, warnings="error")\n', ""),
        (
            "        if milliseconds < 1:\n            return\n",
            "        if milliseconds < 1:\n            return\n"
            '        entry = kind.dump_json(value, warnings="error")\n',
        ),
    ],
    caught_by="test_wrong_kind",
)
right(
    "10.1",
    "seconds, randint, contextlib",
    edits=[
        ("import random\n", "import random\nfrom contextlib import suppress\n"),
        (
            f"        milliseconds = {_TIMES}\n        if milliseconds < 1:\n            return\n{_STORE}",
            """        longest = round(lifetime.total_seconds() * 1000)
        if lifetime < timedelta(milliseconds=1):
            return
        milliseconds = longest - random.randint(0, longest // 10)
        with suppress(RedisDown):
            await self._gate.run(lambda redis: redis.set(key, entry, px=timedelta(milliseconds=milliseconds)))""",
        ),
        (
            _DELETE,
            "        with suppress(RedisDown):\n            await self._gate.run(lambda redis: redis.unlink(key))",
        ),
    ],
)
right(
    "10.1",
    "step by step",
    replace=_GET,
    by="""        try:
            entry = await self._gate.run(lambda redis: redis.get(key))
        except RedisDown:
            return None
        if entry is None:
            return None
        try:
            value = kind.validate_json(entry)
        except ValueError:
            return None
        return Hit(value)""",
)

right(
    "10.1",
    "the key decides how much shorter",
    replace="random.uniform(0.9, 1)",
    by="random.Random(key).uniform(0.9, 1)",
)
right(
    "10.1",
    "without a lifetime the entry that was there goes",
    replace="        if milliseconds < 1:\n            return\n",
    by="        if milliseconds < 1:\n            return await self.delete(key)\n",
)

# --- 10.2 the key ----------------------------------------------------------------------------------------------------

_NAMED = "sorted((name, type(value).__name__, str(value)) for name, value in arguments.items())"
_DIGEST = "sha256(json.dumps(named).encode()).hexdigest()"
_WHOSE = '"public" if user is None else f"user:{user}"'
_CHECK = """    for name, value in arguments.items():
        if type(value) not in SCALARS:
            raise TypeError(f"the argument {name} cannot be part of a key")
"""
for _what, _old, _new, _caught in (
    ("the types do not count", _NAMED, _NAMED.replace("type(value).__name__, ", ""), "test_types_count"),
    (
        "the types do not count but for numbers",
        _NAMED,
        "sorted((name, isinstance(value, int), str(value)) for name, value in arguments.items())",
        "test_types_count",
    ),
    ("the order counts", "sorted(", "list(", "test_same_question_same_key"),
    ("the names do not count", "(name, type(value)", "(type(value)", "test_every_character_counts"),
    ("joined with commas", "json.dumps(named)", '",".join(map(",".join, named))', "test_every_character_counts"),
    ("case does not count", "json.dumps(named)", "json.dumps(named).lower()", "test_every_character_counts"),
    ("blanks do not count", "str(value))", "str(value).strip())", "test_every_character_counts"),
    ("cut at a hundred", "str(value))", "str(value)[:100])", "test_every_character_counts"),
    (
        "characters that are not ASCII are dropped",
        "json.dumps(named).encode()",
        'str(named).encode("ascii", "ignore")',
        "test_every_character_counts",
    ),
    ("readable", _DIGEST, "json.dumps(named)", "test_form"),
    ("hash()", _DIGEST, 'f"{hash(tuple(named)) % 2**64:064x}"', "test_same_in_every_process"),
    ("half a digest", _DIGEST, _DIGEST + "[:32]", "test_form"),
    ("no user is an empty user", _WHOSE, '"public" if not user else f"user:{user}"', "test_users"),
    ("a user called public", _WHOSE, 'user or "public"', "test_form"),
    ("None as text", _WHOSE, 'f"user:{user}"', "test_form"),
    ("everybody", _WHOSE, '"public"', "test_form"),
    ("the name without the class", "function.__qualname__", "function.__name__", "test_form"),
    ("the name without the module", "{function.__module__}.", "", "test_form"),
    ("every type will do", _CHECK, "", "test_other_types"),
    ("subclasses will do", "type(value) not in SCALARS", "not isinstance(value, SCALARS)", "test_other_types"),
    (
        "the value in the message",
        "the argument {name} cannot",
        "the argument {name}={value!r} cannot",
        "test_other_types",
    ),
    ("no name in the message", "the argument {name} cannot", "an argument cannot", "test_other_types"),
    ("another exception", "raise TypeError", "raise ValueError", "test_other_types"),
    (
        "booleans are refused",
        "type(value) not in SCALARS",
        "type(value) not in SCALARS or value is True",
        "test_types_count",
    ),
):
    wrong("10.2", _what, replace=_old, by=_new, caught_by=_caught)
wrong(
    "10.2",
    "the mapping is sorted where it stands",
    replace=_CHECK,
    by=_CHECK
    + """    if isinstance(arguments, dict):
        for name in sorted(arguments):
            arguments[name] = arguments.pop(name)
""",
    caught_by="test_same_question_same_key",
)
wrong(
    "10.2",
    "pickle: another entry for the same text in two objects",
    edits=[
        ("import json\n", "import pickle\n"),
        ("json.dumps(named).encode()", "pickle.dumps([function, dict(arguments)])"),
    ],
    caught_by="test_same_question_same_key",
)
wrong(
    "10.2",
    "JSON with the rest as text",
    edits=[(_NAMED, "dict(sorted(arguments.items()))"), ("json.dumps(named)", "json.dumps(named, default=str)")],
    caught_by="test_types_count",
)
right(
    "10.2",
    "the repr of a sorted dictionary",
    edits=[("import json\n", ""), (_NAMED, "repr(dict(sorted(arguments.items())))"), ("json.dumps(named)", "named")],
)
right(
    "10.2",
    "a dictionary as JSON, its types beside",
    replace=f"    named = {_NAMED}\n    digest = {_DIGEST}\n",
    by="""    typed = {name: [type(value).__name__, str(value)] for name, value in arguments.items()}
    digest = sha256(json.dumps(typed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
""",
)
right(
    "10.2",
    "repr of sorted pairs, with BLAKE2",
    edits=[
        ("import json\n", ""),
        ("from hashlib import sha256", "from hashlib import blake2b"),
        (
            f"    named = {_NAMED}\n    digest = {_DIGEST}\n",
            """    text = repr(sorted((name, repr(value)) for name, value in arguments.items()))
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
""",
        ),
    ],
)

for _what, _new in (
    (
        "an argument that is None does not count",
        _NAMED.replace("arguments.items())", "arguments.items() if value is not None)"),
    ),
    ("names in lower case", _NAMED.replace("(name,", "(name.lower(),")),
):
    wrong("10.2", _what, replace=_NAMED, by=_new, caught_by="test_every_character_counts")
wrong(
    "10.2",
    "the function as text, with its address",
    replace="json.dumps(named)",
    by="json.dumps([repr(function), named])",
    caught_by="test_same_in_every_process",
)
right(
    "10.2",
    "each part with its length, name by name",
    edits=[
        ("import json\n", ""),
        (
            f"    named = {_NAMED}\n    digest = {_DIGEST}\n",
            """    whole = sha256()
    for name in sorted(arguments):
        for part in (name, type(arguments[name]).__name__, str(arguments[name])):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(len(data).to_bytes(8, "big") + data)
    digest = whole.hexdigest()
""",
        ),
    ],
)

# --- 10.3 the decorator ----------------------------------------------------------------------------------------------

_KEY = "cache_key(function, arguments(*args, **kwargs), user=user(*args, **kwargs))"
_HIT = """            if hit is not None:
                return hit.value
"""
_CALL = "            result = await function(*args, **kwargs)\n"
_SET = "            await cache.set(key, result, kind, lifetime)\n"
for _what, _old, _new, _caught in (
    (
        "a kept None is a miss",
        "            if hit is not None:",
        "            if hit is not None and hit.value is not None:",
        "test_called_once",
    ),
    (
        "a kept nothing is a miss",
        "            if hit is not None:",
        "            if hit is not None and hit.value:",
        "test_called_once",
    ),
    ("the hit itself", "return hit.value", "return hit", "test_called_once"),
    ("nothing is kept", _SET, "", "test_called_once"),
    ("a None is not kept", _SET, "            if result is not None:\n    " + _SET, "test_called_once"),
    ("the function is called anyway", _HIT, _CALL + _HIT, "test_called_once"),
    ("whose it is does not count", "user=user(*args, **kwargs)", "user=None", "test_users"),
    (
        "the first argument is the user",
        "user=user(*args, **kwargs)",
        "user=str(args[0]) if args else None",
        "test_its_key",
    ),
    (
        "all arguments in the key",
        "arguments(*args, **kwargs)",
        '{"args": str(args), "kwargs": str(kwargs)}',
        "test_arguments_decide",
    ),
    ("no arguments in the key", "arguments(*args, **kwargs)", "{}", "test_arguments_decide"),
    (
        "named arguments are forgotten",
        "await function(*args, **kwargs)",
        "await function(*args)",
        "test_arguments_as_they_came",
    ),
    (
        "named arguments are forgotten in the key",
        "arguments(*args, **kwargs)",
        "arguments(*args)",
        "test_arguments_as_they_came",
    ),
    (
        "named arguments are forgotten for the user",
        "user(*args, **kwargs)",
        "user(*args)",
        "test_arguments_as_they_came",
    ),
    ("a lifetime of its own", "kind, lifetime)", "kind, timedelta(minutes=1))", "test_lifetime"),
    (
        "a text as key",
        _KEY,
        'f"{function.__qualname__}:{arguments(*args, **kwargs)}:{user(*args, **kwargs)}"',
        "test_its_key",
    ),
    ("the key of the decorator", "cache_key(function,", "cache_key(cached,", "test_its_key"),
):
    wrong("10.3", _what, replace=_old, by=_new, caught_by=_caught)
wrong(
    "10.3",
    "errors are kept",
    replace=_CALL,
    by="""            failed: dict[str, Exception] = vars(through_cache).setdefault("failed", {})
            if key in failed:
                raise failed[key]
            try:
                result = await function(*args, **kwargs)
            except Exception as error:
                failed[key] = error
                raise
""",
    caught_by="test_errors_are_not_kept",
)
wrong(
    "10.3",
    "errors are swallowed",
    replace=_CALL,
    by="""            try:
                result = await function(*args, **kwargs)
            except LookupError:
                return None
""",
    caught_by="test_errors_are_not_kept",
)
wrong(
    "10.3",
    "kept in a dictionary too, for ever",
    edits=[
        (
            _HIT,
            _HIT.replace(
                "            if hit",
                "            if key in memory:\n                return memory[key]\n            if hit",
            ),
        ),
        (_SET, _SET + "            memory[key] = result\n"),
        (
            "            key = cache_key",
            "            memory: dict[str, T] = vars(through_cache).setdefault('memory', {})\n"
            "            key = cache_key",
        ),
    ],
    caught_by="test_its_key",
)
wrong(
    "10.3",
    "without Redis there is no answer",
    replace=_SET,
    by=_SET + "            hit = await cache.get(key, kind)\n            assert hit is not None\n",
    caught_by="test_without_redis",
)
right(
    "10.3",
    "the miss first",
    replace=_HIT + _CALL + _SET + "            return result\n",
    by="""            if hit is None:
                value = await function(*args, **kwargs)
                await cache.set(key, value, kind, lifetime)
                return value
            return hit.value
""",
)
right(
    "10.3",
    "the key is made twice",
    edits=[
        (f"            key = {_KEY}\n", ""),
        ("cache.get(key,", f"cache.get({_KEY},"),
        ("cache.set(key,", f"cache.set({_KEY},"),
    ],
)
right(
    "10.3",
    "the key of the wrapper",
    replace="cache_key(function,",
    by="cache_key(through_cache,",
)

wrong(
    "10.3",
    "None is kept for a call that raised",
    replace=_CALL + _SET,
    by="""            result: Any = None
            try:
                result = await function(*args, **kwargs)
            finally:
                await cache.set(key, result, kind, lifetime)
""",
    caught_by="test_errors_are_not_kept",
)
wrong(
    "10.3",
    "what cannot be kept is handed out all the same",
    replace=_SET,
    by="""            try:
                await cache.set(key, result, kind, lifetime)
            except Exception:
                pass
""",
    caught_by="test_errors_are_not_kept",
)
wrong(
    "10.3",
    "what cannot be a key goes past the cache",
    replace=f"            key = {_KEY}\n",
    by=f"""            try:
                key = {_KEY}
            except TypeError:
                return await function(*args, **kwargs)
""",
    caught_by="test_errors_are_not_kept",
)

# --- 10.4 single flight ----------------------------------------------------------------------------------------------

_BEGIN = """            flight = self._flights[key] = asyncio.ensure_future(compute())
            flight.add_done_callback(lambda _: self._flights.pop(key))
"""
_WHOLE = f"""        flight = self._flights.get(key)
        if flight is None:
{_BEGIN}        return await asyncio.shield(flight)"""
for _what, _old, _new, _caught in (
    ("no shield", "await asyncio.shield(flight)", "await flight", "test_one_leaves"),
    (
        "nothing is forgotten",
        "            flight.add_done_callback(lambda _: self._flights.pop(key))\n",
        "",
        "test_nothing_is_remembered",
    ),
    ("each for itself", "        if flight is None:", "        if flight is None or True:", "test_one_for_all"),
    (
        "one for all keys",
        "        flight = self._flights.get(key)",
        "        key = None\n        flight = self._flights.get(key)",
        "test_equal_keys",
    ),
    (
        "keys by identity",
        "        flight = self._flights.get(key)",
        "        key = id(key)\n        flight = self._flights.get(key)",
        "test_equal_keys",
    ),
    (
        "shared by all",
        "        flight = self._flights.get(key)",
        "        self._flights = SingleFlight.__dict__.get('shared') or self._flights\n"
        "        SingleFlight.shared = self._flights\n        flight = self._flights.get(key)",
        "test_each_its_own",
    ),
):
    wrong("10.4", _what, replace=_old, by=_new, caught_by=_caught)
wrong(
    "10.4",
    "the first caller computes, the others wait for a future",
    replace=_WHOLE,
    by="""        waiting = self._flights.get(key)
        if waiting is not None:
            return await asyncio.shield(waiting)
        future = self._flights[key] = asyncio.get_running_loop().create_future()
        try:
            result = await compute()
            future.set_result(result)
            return result
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else RuntimeError("cancelled"))
            future.exception()
            raise
        finally:
            del self._flights[key]""",
    caught_by="test_one_leaves",
)
wrong(
    "10.4",
    "a lock: one after the other, and each computes",
    replace=_WHOLE,
    by="""        lock = self._flights.setdefault(key, asyncio.Lock())
        async with lock:
            return await compute()""",
    caught_by="test_one_for_all",
)
wrong(
    "10.4",
    "whoever leaves takes the flight along",
    replace="        return await asyncio.shield(flight)",
    by="""        try:
            return await asyncio.shield(flight)
        finally:
            self._flights.pop(key, None)""",
    caught_by="test_one_leaves",
)
wrong(
    "10.4",
    "errors are remembered",
    replace="lambda _: self._flights.pop(key)",
    by="lambda done: None if done.exception() else self._flights.pop(key)",
    caught_by="test_errors",
)
wrong(
    "10.4",
    "an error reaches the first only",
    replace="        return await asyncio.shield(flight)",
    by="""            return await asyncio.shield(flight)
        try:
            return await asyncio.shield(flight)
        except Exception:
            return None""",
    caught_by="test_errors",
)
wrong(
    "10.4",
    "an empty result is computed again",
    replace="        return await asyncio.shield(flight)",
    by="        return await asyncio.shield(flight) or await compute()",
    caught_by="test_one_for_all",
)
wrong(
    "10.4",
    "forgotten by the caller, who may be gone",
    replace=_WHOLE,
    by="""        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(compute())
        try:
            return await asyncio.shield(flight)
        finally:
            if flight.done():
                self._flights.pop(key, None)""",
    caught_by="test_all_leave",
)
wrong(
    "10.4",
    "the last who leaves ends it",
    replace="        return await asyncio.shield(flight)",
    by="""        flight.waiting = getattr(flight, "waiting", 0) + 1
        try:
            return await asyncio.shield(flight)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.cancel()""",
    caught_by="test_all_leave",
)
wrong(
    "10.4",
    "a caller who is cancelled waits to the end",
    replace="        return await asyncio.shield(flight)",
    by="""        while not flight.done():
            try:
                await asyncio.shield(flight)
            except asyncio.CancelledError:
                if flight.cancelled():
                    raise
        return flight.result()""",
    caught_by="test_one_leaves",
)
for _what, _key in (("keys by their hash", "hash(key)"), ("keys by their text", "str(key)")):
    wrong(
        "10.4",
        _what,
        replace="        flight = self._flights.get(key)",
        by=f"        key = {_key}\n        flight = self._flights.get(key)",
        caught_by="test_equal_keys",
    )
right(
    "10.4",
    "asyncio.wait in place of shield",
    replace="        return await asyncio.shield(flight)",
    by="""        await asyncio.wait([flight])
        return flight.result()""",
)
right(
    "10.4",
    "a task that cleans up behind itself",
    replace=_WHOLE,
    by="""        async def fly() -> T:
            try:
                return await compute()
            finally:
                del self._flights[key]

        if key not in self._flights:
            self._flights[key] = asyncio.create_task(fly())
        return await asyncio.shield(self._flights[key])""",
)

# --- 10.5 pages that are never old -----------------------------------------------------------------------------------

_PAGE = """        question = (await self._source.revision(), page, order, wanted)
        return await self._flights.run(question, lambda: self._kept(*question))"""
_ARGUMENTS = '{**vars(page), **vars(order), **vars(wanted), "revision": revision}'
wrong(
    "10.5",
    "one flight for all revisions",
    replace="self._flights.run(question,",
    by="self._flights.run(question[1:],",
    caught_by="test_no_old_flight",
)
wrong(
    "10.5",
    "the revision is asked in flight",
    replace=_PAGE,
    by="""        async def read() -> Page[ItemRead]:
            return await self._kept(await self._source.revision(), page, order, wanted)

        return await self._flights.run((page, order, wanted), read)""",
    caught_by="test_no_old_flight",
)
wrong(
    "10.5",
    "the revision is not part of the key",
    replace=', "revision": revision}',
    by="}",
    caught_by="test_a_write_is_seen",
)
wrong(
    "10.5",
    "no flight",
    replace=_PAGE,
    by="        return await self._kept(await self._source.revision(), page, order, wanted)",
    caught_by="test_one_flight",
)
wrong(
    "10.5",
    "no cache",
    replace="lambda: self._kept(*question)",
    by="lambda: self._load(*question)",
    caught_by="test_kept",
)
wrong(
    "10.5",
    "the revision is asked once and for all",
    replace=_PAGE,
    by="""        if not hasattr(self, "_revision"):
            self._revision = await self._source.revision()
        question = (self._revision, page, order, wanted)
        return await self._flights.run(question, lambda: self._kept(*question))""",
    caught_by="test_a_write_is_seen",
)
wrong(
    "10.5",
    "loaded first, and kept under the revision of afterwards",
    edits=[
        (
            _PAGE,
            """        loaded = await self._load("", page, order, wanted)
        revision = await self._source.revision()
        self._loaded[revision, page, order, wanted] = loaded
        question = (revision, page, order, wanted)
        return await self._flights.run(question, lambda: self._kept(*question))""",
        ),
        (
            "        self._flights = SingleFlight()\n",
            "        self._flights = SingleFlight()\n        self._loaded: dict[object, Page[ItemRead]] = {}\n",
        ),
        ("    async def _load(self, _: str,", "    async def _load(self, revision: str,"),
        (
            "        return await self._source.load(page, order, wanted)\n",
            "        loaded = self._loaded.get((revision, page, order, wanted))\n"
            "        return loaded or await self._source.load(page, order, wanted)\n",
        ),
    ],
    caught_by="test_a_write_in_between",
)
wrong(
    "10.5",
    "the revision is asked again when the page is there",
    replace="        return await self._flights.run(question, lambda: self._kept(*question))",
    by="""        result = await self._flights.run(question, lambda: self._kept(*question))
        await self._source.revision()
        return result""",
    caught_by="test_kept",
)
wrong(
    "10.5",
    "one question for all in flight",
    replace="self._flights.run(question,",
    by="self._flights.run(question[0],",
    caught_by="test_each_question_its_own_page",
)
wrong(
    "10.5",
    "the order is forgotten in flight",
    replace="self._flights.run(question,",
    by="self._flights.run((question[0], page, wanted),",
    caught_by="test_each_question_its_own_page",
)
for _what, _new in (
    ("the page is forgotten", '{**vars(order), **vars(wanted), "revision": revision}'),
    ("the order is forgotten", '{**vars(page), **vars(wanted), "revision": revision}'),
    ("the search is forgotten", '{**vars(page), **vars(order), "revision": revision}'),
    (
        "the direction is forgotten",
        '{**vars(page), "field": order.field, **vars(wanted), "revision": revision}',
    ),
    (
        "a range is one value",
        '{**vars(page), **vars(order), "q": wanted.q, "price": wanted.min_price or wanted.max_price, '
        '"revision": revision}',
    ),
    (
        "no search is an empty search",
        '{**vars(page), **vars(order), **vars(wanted), "q": wanted.q or "", "min_price": wanted.min_price and "1", '
        '"revision": revision, "skip": page.skip % 20}',
    ),
):
    wrong("10.5", _what, replace=_ARGUMENTS, by=_new, caught_by="test_each_question_its_own_page")
wrong(
    "10.5",
    "kept for one user",
    replace="user=public",
    by='user=lambda *_: "k3y"',
    caught_by="test_whose",
)
wrong(
    "10.5",
    "the revision in a flight too, which may have begun before the write",
    replace="await self._source.revision()",
    by='await self._flights.run("revision", self._source.revision)',
    caught_by="test_one_flight",
)
right(
    "10.5",
    "every argument by name",
    replace=f"        return {_ARGUMENTS}",
    by="""        return {
            "at": revision,
            "skip": page.skip,
            "limit": page.limit,
            "sort": f"-{order.field}" if order.descending else order.field,
            "q": wanted.q,
            "from": wanted.min_price,
            "to": wanted.max_price,
        }""",
)
right(
    "10.5",
    "a text as the flight's key",
    replace=_PAGE,
    by="""        revision = await self._source.revision()

        async def read() -> Page[ItemRead]:
            return await self._kept(revision, page, order, wanted)

        return await self._flights.run(f"{revision} {page} {order} {wanted}", read)""",
)

wrong(
    "10.5",
    "pages in a dictionary too, for ever",
    replace=_PAGE,
    by="""        question = (await self._source.revision(), page, order, wanted)
        pages: dict[Any, Page[ItemRead]] = vars(self).setdefault("pages", {})
        if question not in pages:
            pages[question] = await self._flights.run(question, lambda: self._kept(*question))
        return pages[question]""",
    caught_by="test_kept",
)
wrong(
    "10.5",
    "the hash as the flight's key",
    replace="self._flights.run(question,",
    by="self._flights.run(hash(question),",
    caught_by="test_each_question_its_own_page",
)

# --- 10.6 leave it alone ---------------------------------------------------------------------------------------------

_CLOSED = (
    "                self._closed_until = self._timer() + PAUSE"
    "  # this call finds out, all others go on without Redis\n"
)
_FAILED = """                self._closed_until = self._timer() + PAUSE
                raise RedisDown from error
"""
_OPENS = """            if self._closed_until is not None:
                logger.warning("Redis answers again")
                self._closed_until = None
"""
_SAYS_SO = """                logger.warning("Redis refused a command")
"""
_REFUSED = f"""            except REFUSED as error:
{_SAYS_SO}                raise RedisDown from error
"""
for _what, _old, _new, _caught in (
    ("all try when the pause is over", _CLOSED, "                pass\n", "test_only_one_tries"),
    ("never asked again", "if self._timer() < self._closed_until:", "if self._timer() > 0:", "test_pause"),
    ("a moment too late", "self._timer() < self._closed_until", "self._timer() <= self._closed_until", "test_pause"),
    (
        "never closed",
        "                self._closed_until = self._timer() + PAUSE\n                raise",
        "                raise",
        "test_failures",
    ),
    ("network errors alone", "except (RedisError, OSError)", "except OSError", "test_failures"),
    ("Redis errors alone", "except (RedisError, OSError)", "except RedisError", "test_failures"),
    ("everything is Redis' fault", "except (RedisError, OSError)", "except Exception", "test_mistakes_are_not_redis"),
    (
        "cancelling is Redis' fault",
        "except (RedisError, OSError)",
        "except BaseException",
        "test_mistakes_are_not_redis",
    ),
    ("Redis' own exception", _FAILED, _FAILED.replace(" RedisDown from error", ""), "test_failures"),
    ("one refused command is an outage", _REFUSED, "", "test_refused"),
    ("a refusal is handed on", _REFUSED, _REFUSED.replace(" RedisDown from error", ""), "test_refused"),
    ("a refusal is not said", _REFUSED, _REFUSED.replace(_SAYS_SO, ""), "test_refused"),
    (
        "a refusal opens, and nobody says so",
        _SAYS_SO,
        _SAYS_SO + "                self._closed_until = None\n",
        "test_refused",
    ),
    (
        "said for information only",
        'logger.warning("Redis does not answer")',
        'logger.info("Redis does not answer")',
        "test_said_once",
    ),
    ("what could not be sent is an outage", "except REFUSED", "except ResponseError", "test_refused"),
    ("what Redis refuses is an outage", "except REFUSED", "except DataError", "test_refused"),
    (
        "loading its data is a refusal",
        "REFUSED = (",
        'REFUSED = (__import__("redis").BusyLoadingError, ',
        "test_failures",
    ),
    (
        "said with every failure",
        """                if self._closed_until is None:
                    logger.warning("Redis does not answer")
""",
        '                logger.warning("Redis does not answer")\n',
        "test_said_once",
    ),
    (
        "said with every success",
        _OPENS,
        '            logger.warning("Redis answers again")\n            self._closed_until = None\n',
        "test_said_once",
    ),
    (
        "nothing is said",
        '                    logger.warning("Redis does not answer")\n',
        "                    pass\n",
        "test_said_once",
    ),
    ("the end is not said", '                logger.warning("Redis answers again")\n', "", "test_said_once"),
    ("never open again", _OPENS, "", "test_pause"),
    (
        "open again, and every call tries",
        "                self._closed_until = None\n",
        "                self._closed_until = 0.0\n",
        "test_only_one_tries",
    ),
    (
        "half a second",
        "                self._closed_until = self._timer() + PAUSE\n                raise",
        "                self._closed_until = self._timer() + PAUSE / 2\n                raise",
        "test_pause",
    ),
    (
        "a try that fails opens",
        "                self._closed_until = self._timer() + PAUSE\n                raise",
        "                self._closed_until = None if self._closed_until else self._timer() + PAUSE\n"
        "                raise",
        "test_pause",
    ),
    (
        "a try is for ever",
        _CLOSED,
        '                self._closed_until = float("inf")\n',
        "test_the_one_that_tries_is_lost",
    ),
):
    wrong("10.6", _what, replace=_old, by=_new, caught_by=_caught)
wrong(
    "10.6",
    "whatever the one that tries raises opens",
    replace=_FAILED,
    by=_FAILED
    + """            except BaseException:
                self._closed_until = None
                raise
""",
    caught_by="test_the_one_that_tries_is_lost",
)
wrong(
    "10.6",
    "the pause begins when the command does",
    edits=[
        (
            "            try:\n                result",
            "            begun = self._timer()\n            try:\n                result",
        ),
        (_FAILED, _FAILED.replace("self._timer()", "begun")),
    ],
    caught_by="test_pause",
)
wrong(
    "10.6",
    "the others wait for the one that tries",
    edits=[
        ("        self._timer = timer\n", "        self._timer = timer\n        self._one = asyncio.Lock()\n"),
        (_CLOSED, ""),
        (
            "                result = await command(self.redis)\n",
            "                async with self._one:\n                    result = await command(self.redis)\n",
        ),
    ],
    caught_by="test_only_one_tries",
)
wrong(
    "10.6",
    "the wall clock",
    replace="            if self._closed_until is not None:\n                if self._timer()",
    by="            if self._closed_until is not None:\n                if time.monotonic()",
    caught_by="test_failures",
)
wrong(
    "10.6",
    "only the one that tries may open",
    edits=[
        (
            "            if self._closed_until is not None:\n                if self._timer()",
            "            tries = self._closed_until is not None\n"
            "            if self._closed_until is not None:\n                if self._timer()",
        ),
        (
            '            if self._closed_until is not None:\n                logger.warning("Redis answers',
            '            if tries:\n                logger.warning("Redis answers',
        ),
    ],
    caught_by="test_a_late_answer_opens",
)
_RUN = """            if self._closed_until is not None:
                if self._timer() < self._closed_until:
                    raise RedisDown
                self._closed_until = self._timer() + PAUSE  # this call finds out, all others go on without Redis
            try:
                result = await command(self.redis)
            except REFUSED as error:
                logger.warning("Redis refused a command")
                raise RedisDown from error
            except (RedisError, OSError) as error:
                if self._closed_until is None:
                    logger.warning("Redis does not answer")
                self._closed_until = self._timer() + PAUSE
                raise RedisDown from error
            if self._closed_until is not None:
                logger.warning("Redis answers again")
                self._closed_until = None
            return result"""
right(
    "10.6",
    "a refusal is an answer and opens",
    replace=_REFUSED,
    by="""            except DataError as error:
                logger.warning("Redis refused a command")
                raise RedisDown from error
            except ResponseError as error:
                logger.warning("Redis refused a command")
                if self._closed_until is not None:
                    logger.warning("Redis answers again")
                    self._closed_until = None
                raise RedisDown from error
""",
)
right(
    "10.6",
    "a state and a moment",
    edits=[
        (
            "        self._closed_until: float | None = None\n",
            "        self._is_down = False\n        self._next_try = 0.0\n",
        ),
        (
            _RUN,
            """            if self._is_down and self._timer() < self._next_try:
                raise RedisDown
            self._next_try = self._timer() + PAUSE
            try:
                result = await command(self.redis)
            except (RedisError, OSError) as error:
                if isinstance(error, REFUSED):
                    logger.warning("Redis refused a command")
                    raise RedisDown("refused") from error
                self._next_try = self._timer() + PAUSE
                if not self._is_down:
                    logger.warning("Redis does not answer")
                self._is_down = True
                raise RedisDown("no answer") from error
            if self._is_down:
                logger.warning("Redis answers again")
            self._is_down = False
            return result""",
        ),
    ],
)
right(
    "10.6",
    "a mark for the one that tries",
    edits=[
        (
            "        self._closed_until: float | None = None\n",
            "        self._closed_until: float | None = None\n        self._trying = False\n",
        ),
        (
            _RUN,
            """            tries = self._closed_until is not None
            if self._closed_until is not None and (self._trying or self._timer() < self._closed_until):
                raise RedisDown
            self._trying = self._trying or tries
            try:
                result = await command(self.redis)
            except REFUSED:
                logger.warning("Redis refused a command")
                raise RedisDown from None
            except (RedisError, OSError) as error:
                if self._closed_until is None:
                    logger.warning("Redis does not answer")
                self._closed_until = self._timer() + PAUSE
                raise RedisDown from error
            finally:
                if tries:
                    self._trying = False
            if self._closed_until is not None:
                logger.warning("Redis answers again")
            self._closed_until = None
            return result""",
        ),
    ],
)
right(
    "10.6",
    "the moment of the last failure",
    edits=[
        ("        self._closed_until: float | None = None\n", "        self._failed: float | None = None\n"),
        (
            _RUN,
            """            if self._failed is not None and self._timer() - self._failed < PAUSE:
                raise RedisDown
            if self._failed is not None:
                self._failed = self._timer()
            try:
                result = await command(self.redis)
            except REFUSED:
                logger.warning("Redis refused a command")
            except (RedisError, OSError):
                if self._failed is None:
                    logger.warning("Redis does not answer")
                self._failed = self._timer()
            else:
                if self._failed is not None:
                    logger.warning("Redis answers again")
                self._failed = None
                return result
            raise RedisDown""",
        ),
    ],
)
