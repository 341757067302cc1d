"""Wrong and alternative right answers to the exercises of chapter 04."""

from coursekit.answers import right, wrong

# --- 4.1 a request ID ------------------------------------------------------------------------------------------------

wrong(
    "4.1",
    "believes whatever was sent",
    replace="len(sent) == 1 and ACCEPTABLE.fullmatch(sent[0])",
    by="sent",
    caught_by="test_replaces_a_bad_one",
)
wrong(
    "4.1",
    "match instead of fullmatch",
    replace="ACCEPTABLE.fullmatch(sent[0])",
    by="ACCEPTABLE.match(sent[0])",
    caught_by="test_replaces_a_bad_one",
)
wrong(
    "4.1",
    "a dollar sign lets a line break through",
    replace="ACCEPTABLE.fullmatch(sent[0])",
    by='re.match(r"[A-Za-z0-9._-]{1,64}$", sent[0])',
    caught_by="test_replaces_a_bad_one",
)
wrong(
    "4.1",
    "a letter of any alphabet will do",
    replace="ACCEPTABLE.fullmatch(sent[0])",
    by=r're.fullmatch(r"[\w.-]{1,64}", sent[0])',
    caught_by="test_replaces_a_bad_one",
)
wrong(
    "4.1",
    "cuts what is too long and drops what is not allowed",
    edits=[
        ("sent[0] if len(sent) == 1 and ACCEPTABLE.fullmatch(sent[0]) else uuid4().hex", "cleaned or uuid4().hex"),
        (
            '        sent = Headers(scope=scope).getlist("X-Request-ID")\n',
            """        sent = Headers(scope=scope).getlist("X-Request-ID")
        cleaned = re.sub(r"[^A-Za-z0-9._-]", "", sent[0])[:64] if len(sent) == 1 else ""
""",
        ),
    ],
    caught_by="test_replaces_a_bad_one",
)
wrong(
    "4.1",
    "takes the first of two",
    replace="len(sent) == 1 and ACCEPTABLE",
    by="sent and ACCEPTABLE",
    caught_by="test_two_are_none",
)
wrong(
    "4.1",
    "one new ID for the life of the object",
    edits=[
        ("        self.app = app\n", "        self.app = app\n        self.new = uuid4().hex\n"),
        ("else uuid4().hex", "else self.new"),
    ],
    caught_by="test_new_ones",
)
wrong(
    "4.1",
    "a new ID that can be foretold",
    edits=[("import re\n", "import random\nimport re\n"), ("uuid4().hex", 'f"{random.getrandbits(128):032x}"')],
    caught_by="test_new_ones",
)
wrong(
    "4.1",
    "a good ID is thrown away",
    replace="request_id = sent[0] if len(sent) == 1 and ACCEPTABLE.fullmatch(sent[0]) else uuid4().hex",
    by="request_id = uuid4().hex",
    caught_by="test_keeps_a_good_one",
)
wrong(
    "4.1",
    "appends to the list of the app",
    replace='                MutableHeaders(scope=message)["X-Request-ID"] = request_id',
    by='                message["headers"].append((b"x-request-id", request_id.encode()))',
    caught_by="test_on_every_answer",
)
wrong(
    "4.1",
    "only on answers that went well",
    replace='if message["type"] == "http.response.start":',
    by='if message["type"] == "http.response.start" and message["status"] < 500:',
    caught_by="test_on_every_answer",
)
wrong(
    "4.1",
    "throws the state of the lifespan away",
    replace='scope.setdefault("state", {})["request_id"] = request_id',
    by='scope["state"] = {"request_id": request_id}',
    caught_by="test_state",
)
wrong(
    "4.1",
    "the app never learns the ID",
    replace='        scope.setdefault("state", {})["request_id"] = request_id\n',
    by="",
    caught_by="test_keeps_a_good_one",
)
wrong(
    "4.1",
    "kept on the object, where the next request changes it",
    edits=[
        ('scope.setdefault("state", {})["request_id"] = request_id', "self.request_id = request_id"),
        ('["X-Request-ID"] = request_id', '["X-Request-ID"] = self.request_id'),
    ],
    caught_by="test_at_the_same_time",
)
wrong(
    "4.1",
    "takes a lifespan for a request",
    replace="""        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
""",
    by='        scope.setdefault("headers", [])\n',
    caught_by="test_passes_on",
)
wrong(
    "4.1",
    "swallows the exception",
    replace="        await self.app(scope, receive, send_with_id)",
    by="""        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            return""",
    caught_by="test_passes_on",
)
right(
    "4.1",
    "bytes, a set of characters and a new message",
    region="""
    if scope["type"] != "http":
        return await self.app(scope, receive, send)
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"]
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    if len(values) == 1 and 1 <= len(values[0]) <= 64 and set(values[0]) <= allowed:
        chosen = values[0]
    else:
        chosen = str(uuid4())
    if "state" not in scope:
        scope["state"] = {}
    scope["state"]["request_id"] = chosen

    async def answer(message):
        if message["type"] == "http.response.start":
            others = [pair for pair in message.get("headers", []) if pair[0].lower() != b"x-request-id"]
            message = {**message, "headers": [*others, (b"x-request-id", chosen.encode())]}
        await send(message)

    await self.app(scope, receive, answer)
    """,
)
right(
    "4.1",
    "a comma tells two from one, secrets makes the new one",
    edits=[
        (
            '        sent = Headers(scope=scope).getlist("X-Request-ID")\n',
            '        sent = ",".join(Headers(scope=scope).getlist("X-Request-ID"))\n',
        ),
        (
            "request_id = sent[0] if len(sent) == 1 and ACCEPTABLE.fullmatch(sent[0]) else uuid4().hex",
            "request_id = sent if ACCEPTABLE.fullmatch(sent) else secrets.token_urlsafe(24)",
        ),
        ("import re\n", "import re\nimport secrets\n"),
    ],
)
wrong(
    "4.1",
    "the ID in a copy of the scope, where no layer outside finds it",
    replace='        scope.setdefault("state", {})["request_id"] = request_id\n',
    by='        scope = {**scope, "state": {**scope.get("state", {}), "request_id": request_id}}\n',
    caught_by="test_state",
)
wrong(
    "4.1",
    "replaces, in the app's own list",
    replace='MutableHeaders(scope=message)["X-Request-ID"]',
    by='MutableHeaders(raw=message["headers"])["X-Request-ID"]',
    caught_by="test_on_every_answer",
)
wrong(
    "4.1",
    "waits for the whole answer",
    edits=[
        ("        async def send_with_id", "        held = []\n\n        async def send_with_id"),
        ("            await send(message)\n", "            held.append(message)\n"),
        (
            "        await self.app(scope, receive, send_with_id)",
            """        await self.app(scope, receive, send_with_id)
        for message in held:
            await send(message)""",
        ),
    ],
    caught_by="test_passes_on",
)
wrong(
    "4.1",
    "a counter",
    edits=[
        ("import re\n", "import itertools\nimport re\n"),
        ("ACCEPTABLE =", "COUNT = itertools.count()\nACCEPTABLE ="),
        ("uuid4().hex", 'f"request-{next(COUNT):016}"'),
    ],
    caught_by="test_new_ones",
)
right(
    "4.1",
    "a new state with the old one in it, in the scope itself",
    replace='scope.setdefault("state", {})["request_id"] = request_id',
    by='scope["state"] = {**scope.get("state", {}), "request_id": request_id}',
)

# --- 4.2 an access log -----------------------------------------------------------------------------------------------

CALL = """        try:
            await self.app(scope, receive, note_status)
        finally:
"""

wrong(
    "4.2",
    "no line for an exception",
    edits=[(CALL, "        await self.app(scope, receive, note_status)\n        if True:\n")],
    caught_by="test_exceptions",
)
wrong(
    "4.2",
    "no line for a cancelled request",
    edits=[
        (
            CALL,
            """        error = None
        try:
            await self.app(scope, receive, note_status)
        except Exception as raised:
            error = raised
        if True:
""",
        ),
        (
            '            logger.info("request", extra=facts)',
            '            logger.info("request", extra=facts)\n        if error is not None:\n            raise error',
        ),
    ],
    caught_by="test_cancelled",
)
wrong(
    "4.2",
    "the exception ends here",
    replace='            logger.info("request", extra=facts)',
    by='            logger.info("request", extra=facts)\n            return',
    caught_by="test_exceptions",
)
wrong(
    "4.2",
    "an exception after the beginning is a 500 in the log",
    replace="        finally:\n",
    by="        except Exception:\n            status = 500\n            raise\n        finally:\n",
    caught_by="test_exceptions_later",
)
wrong(
    "4.2",
    "no answer is a 200 in the log",
    replace="status, start = 500, self.timer()",
    by="status, start = 200, self.timer()",
    caught_by="test_exceptions",
)
wrong(
    "4.2",
    "the line is written when the answer begins",
    edits=[
        (CALL, "        if True:\n            await self.app(scope, receive, note_status)\n        if False:\n"),
        (
            '                status = message["status"]\n',
            """                status = message["status"]
                facts = {
                    "method": scope["method"],
                    "route": route_template(scope),
                    "status": status,
                    "duration_ms": (self.timer() - start) * 1000,
                    "request_id": scope.get("state", {}).get("request_id"),
                }
                logger.info("request", extra=facts)
""",
        ),
    ],
    caught_by="test_duration",
)
wrong(
    "4.2",
    "the wall clock instead of the timer",
    edits=[
        ("status, start = 500, self.timer()", "status, start = 500, time.time()"),
        ("(self.timer() - start)", "(time.time() - start)"),
    ],
    caught_by="test_duration",
)
wrong("4.2", "seconds", replace="* 1000, 3)", by="* 1, 3)", caught_by="test_duration")
wrong(
    "4.2",
    "a formatted text",
    replace='logger.info("request", extra=facts)',
    by='logger.info(f"{facts}")',
    caught_by="test_the_record",
)
wrong(
    "4.2",
    "the path instead of the template",
    replace='"route": route_template(scope)',
    by='"route": scope["path"]',
    caught_by="test_route",
)
wrong(
    "4.2",
    "asks for the route before there is one",
    edits=[
        (
            "        status, start = 500, self.timer()\n",
            "        status, start, route = 500, self.timer(), route_template(scope)\n",
        ),
        ('"route": route_template(scope)', '"route": route'),
    ],
    caught_by="test_route",
)
wrong(
    "4.2",
    "the beginning kept on the object",
    edits=[
        ("        status, start = 500, self.timer()\n", "        status, self.start = 500, self.timer()\n"),
        ("(self.timer() - start)", "(self.timer() - self.start)"),
    ],
    caught_by="test_at_the_same_time",
)
wrong(
    "4.2",
    "a request without an ID has no line",
    replace='scope.get("state", {}).get("request_id")',
    by='scope["state"]["request_id"]',
    caught_by="test_the_record",
)
wrong(
    "4.2",
    "the root logger",
    replace='logger.info("request", extra=facts)',
    by='logging.getLogger().info("request", extra=facts)',
    caught_by="test_the_record",
)
wrong(
    "4.2",
    "a warning for faults",
    replace='logger.info("request", extra=facts)',
    by='logger.log(logging.INFO if status < 500 else logging.ERROR, "request", extra=facts)',
    caught_by="test_the_record",
)
right(
    "4.2",
    "a list for the status, BaseException caught and raised again",
    region="""
    begin = self.timer()
    seen: list[int] = []

    async def watching(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])
        await send(message)

    def write() -> None:
        state = scope.get("state") or {}
        logger.log(
            logging.INFO,
            "%s",
            "request",
            extra={
                "method": scope["method"],
                "route": route_template(scope),
                "status": seen[0] if seen else 500,
                "duration_ms": 1000 * (self.timer() - begin),
                "request_id": state.get("request_id"),
            },
        )

    try:
        await self.app(scope, receive, watching)
    except BaseException:
        write()
        raise
    write()
    """,
)
right(
    "4.2",
    "whole milliseconds would do too, with more attributes",
    edits=[('"method": scope["method"],', '"method": scope["method"],\n                "scheme": scope["scheme"],')],
)
NOTE = """            await send(message)

        try:
            await self.app(scope, receive, note_status)
"""

wrong(
    "4.2",
    "waits for the whole answer",
    edits=[
        ("        status, start = 500, self.timer()\n", "        status, start, held = 500, self.timer(), []\n"),
        (
            NOTE,
            """            held.append(message)

        try:
            await self.app(scope, receive, note_status)
            for message in held:
                await send(message)
""",
        ),
    ],
    caught_by="test_passes_on",
)
wrong(
    "4.2",
    "the trailers are lost",
    replace=NOTE,
    by=NOTE.replace(
        "            await", '            if message["type"] != "http.response.trailers":\n                await', 1
    ),
    caught_by="test_passes_on",
)
wrong(
    "4.2",
    "the bodies are lost",
    replace=NOTE,
    by=NOTE.replace("send(message)", 'send(message if "status" in message else {**message, "body": b""})', 1),
    caught_by="test_passes_on",
)
wrong(
    "4.2",
    "takes a websocket for a request",
    replace='if scope["type"] != "http":',
    by='if scope["type"] == "lifespan":',
    caught_by="test_passes_on",
)
wrong(
    "4.2",
    "asks for the request ID before there is one",
    edits=[
        (
            "        status, start = 500, self.timer()\n",
            """        status, start = 500, self.timer()
        request_id = scope.get("state", {}).get("request_id")
""",
        ),
        ('"request_id": scope.get("state", {}).get("request_id")', '"request_id": request_id'),
    ],
    caught_by="test_the_record",
)
wrong(
    "4.2",
    "the duration as text",
    replace="round((self.timer() - start) * 1000, 3)",
    by='f"{(self.timer() - start) * 1000:.1f}"',
    caught_by="test_duration",
)

# --- 4.3 a sliding window --------------------------------------------------------------------------------------------

wrong(
    "4.3",
    "a fixed window",
    region="""
    now = self._clock()
    for key in [key for key, times in self._times.items() if times[0] <= now - self._window]:
        del self._times[key]
    waits = [
        self._times[key][0] + self._window - now
        for key, limit in limits.items()
        if len(self._times.get(key, ())) >= limit
    ]
    if waits:
        return -(-max(waits) // timedelta(seconds=1))
    for key in limits:
        self._times.setdefault(key, deque()).append(now)
    return None
    """,
    caught_by="test_slides",
)
wrong("4.3", "one too many", replace="if len(times) >= limit:", by="if len(times) > limit:", caught_by="test_limit")
wrong(
    "4.3",
    "counts for a moment too long",
    region="""
    now = self._clock()
    waits = []
    while self._times and now - next(iter(self._times.values()))[-1] > self._window:
        self._times.popitem(last=False)
    for key, limit in limits.items():
        times = [time for time in self._times.get(key, ()) if now - time <= self._window]
        if len(times) >= limit:
            waits.append(times[-limit] + self._window - now)
    if waits:
        return max(1, -(-max(waits) // timedelta(seconds=1)))
    for key in limits:
        self._times.setdefault(key, deque()).append(now)
        self._times.move_to_end(key)
    return None
    """,
    caught_by="test_slides",
)
wrong(
    "4.3",
    "keys are forgotten a moment too late",
    replace="next(iter(self._times.values()))[-1] <= started",
    by="next(iter(self._times.values()))[-1] < started",
    caught_by="test_forgets",
)
wrong(
    "4.3",
    "the wait is rounded down",
    replace="return -((now - free) // timedelta(seconds=1))",
    by="return max(1, (free - now) // timedelta(seconds=1))",
    caught_by="test_seconds",
)
wrong(
    "4.3",
    "a second is always added",
    replace="return -((now - free) // timedelta(seconds=1))",
    by="return (free - now) // timedelta(seconds=1) + 1",
    caught_by="test_limit",
)
wrong(
    "4.3",
    "the wait as a float",
    replace="return -((now - free) // timedelta(seconds=1))",
    by="return (free - now).total_seconds()",
    caught_by="test_limit",
)
wrong(
    "4.3",
    "days are lost",
    replace="return -((now - free) // timedelta(seconds=1))",
    by="return (free - now).seconds + bool((free - now).microseconds)",
    caught_by="test_seconds",
)
wrong(
    "4.3",
    "a minute, whatever the window",
    replace="started = now - self._window",
    by="started = now - timedelta(minutes=1)",
    caught_by="test_seconds",
)
wrong(
    "4.3",
    "keys are counted one after the other, until one refuses",
    edits=[
        (
            "                free = max(free, times[-limit] + self._window)\n",
            """                free = max(free, times[-limit] + self._window)
            else:
                self._times.setdefault(key, deque()).append(now)
                self._times.move_to_end(key)
""",
        ),
        (
            """        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
""",
            "",
        ),
    ],
    caught_by="test_refused",
)
wrong(
    "4.3",
    "the first full key tells the wait",
    replace="free = max(free, times[-limit] + self._window)",
    by="free = free if free > now else times[-limit] + self._window",
    caught_by="test_a_long_line",
)
wrong(
    "4.3",
    "the shortest wait",
    replace="free = max(free, times[-limit] + self._window)",
    by="free = min(free, times[-limit] + self._window) if free > now else times[-limit] + self._window",
    caught_by="test_a_long_line",
)
wrong(
    "4.3",
    "waits for the oldest, whatever the limit",
    replace="times[-limit] + self._window",
    by="times[0] + self._window",
    caught_by="test_other_limits",
)
wrong(
    "4.3",
    "refused requests count",
    replace="""        if free > now:
            return -((now - free) // timedelta(seconds=1))
        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
        return None""",
    by="""        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
        if free > now:
            return -((now - free) // timedelta(seconds=1))
        return None""",
    caught_by="test_refused",
)
wrong(
    "4.3",
    "a refused request leaves its keys behind",
    replace="times = self._times.get(key, deque())",
    by="times = self._times.setdefault(key, deque([started]))",
    caught_by="test_refused",
)
wrong(
    "4.3",
    "nothing is ever forgotten",
    replace="""        while self._times and next(iter(self._times.values()))[-1] <= started:
            self._times.popitem(last=False)
""",
    by="",
    caught_by="test_forgets",
)
wrong(
    "4.3",
    "the times of somebody who never stops are kept for ever",
    replace="            while times and times[0] <= started:\n                times.popleft()\n",
    by="",
    caught_by="test_forgets",
)
wrong(
    "4.3",
    "all keys are looked at in each call",
    replace="""        while self._times and next(iter(self._times.values()))[-1] <= started:
            self._times.popitem(last=False)
""",
    by="""        for silent in [key for key, times in self._times.items() if times[-1] <= started]:
            del self._times[silent]
""",
    caught_by="test_looks_at_few",
)
wrong(
    "4.3",
    "the key that was there first is forgotten first, counted since or not",
    replace="            self._times.move_to_end(key)\n",
    by="",
    caught_by="test_forgets",
)
wrong(
    "4.3",
    "forgets by the oldest time of a key",
    replace="next(iter(self._times.values()))[-1] <= started",
    by="next(iter(self._times.values()))[0] <= started",
    caught_by="test_a_long_line",
)
wrong(
    "4.3",
    "only the last key is counted",
    replace="""        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._times.move_to_end(key)
""",
    by="""        self._times.setdefault(key, deque()).append(now)
        self._times.move_to_end(key)
""",
    caught_by="test_refused",
)
wrong(
    "4.3",
    "the times of all windows in one place",
    replace="        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()",
    by="        SlidingWindow._times = self._times = getattr(SlidingWindow, '_times', OrderedDict())",
    caught_by="test_limit",
)
right(
    "4.3",
    "seconds as floats, a queue of everything that was counted",
    cell='''
"""How many requests there were lately."""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import timedelta

from course_app.core.clock import Clock


class SlidingWindow:
    """Counts requests by key over the last `window`, in the memory of this process."""

    def __init__(self, *, clock: Clock, window: timedelta = timedelta(minutes=1)) -> None:
        self._clock = clock
        self._window = window
        self._queue = deque()
        self._times = {}

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._times)

    async def admit(self, limits: Mapping[str, int]) -> int | None:
        """Count one request for every key of `limits`, or for none if a key has reached its limit (1 or more)."""
        now = self._clock()
        while self._queue and now - self._queue[0][0] >= self._window:
            _, key = self._queue.popleft()
            self._times[key].popleft()
            if not self._times[key]:
                del self._times[key]
        wait = timedelta(0)
        for key, limit in limits.items():
            times = self._times.get(key, [])
            if len(times) >= limit:
                wait = max(wait, self._window - (now - times[len(times) - limit]))
        if wait:
            whole, rest = divmod(wait, timedelta(seconds=1))
            return whole + (1 if rest else 0)
        for key in limits:
            self._times.setdefault(key, deque()).append(now)
            self._queue.append((now, key))
        return None
''',
)
right(
    "4.3",
    "lists, the time in seconds, forgetting at the end",
    region="""
    now = self._clock()
    waits = []
    for key, limit in limits.items():
        times = [time for time in self._times.get(key, ()) if now - time < self._window]
        if len(times) >= limit:
            waits.append(times[-limit] + self._window - now)
    if not waits:
        for key in limits:
            kept = [time for time in self._times.pop(key, ()) if now - time < self._window]
            self._times[key] = deque([*kept, now])
    while self._times:
        key = next(iter(self._times))
        if now - self._times[key][-1] < self._window:
            break
        del self._times[key]
    return -(-max(waits) // timedelta(seconds=1)) if waits else None
    """,
)
wrong(
    "4.3",
    "the last full key tells the wait",
    replace="free = max(free, times[-limit] + self._window)",
    by="free = times[-limit] + self._window",
    caught_by="test_refused",
)
wrong(
    "4.3",
    "waits between the question and the count",
    edits=[
        ("from collections import OrderedDict", "import asyncio\nfrom collections import OrderedDict"),
        ("        for key in limits:\n", "        await asyncio.sleep(0)\n        for key in limits:\n"),
    ],
    caught_by="test_limit",
)
wrong(
    "4.3",
    "old keys are not counted, and never dropped",
    edits=[
        (
            "        return len(self._times)",
            "        return sum(times[-1] > self._clock() - self._window for times in self._times.values() if times)",
        ),
        (
            """        while self._times and next(iter(self._times.values()))[-1] <= started:
            self._times.popitem(last=False)
""",
            "",
        ),
    ],
    caught_by="test_forgets",
)

# --- 4.4 who is the client? ------------------------------------------------------------------------------------------

wrong(
    "4.4",
    "believes everybody",
    replace="if address is None or not any(client in network for network in trusted):",
    by="if address is None:",
    caught_by="test_strangers",
)
wrong(
    "4.4",
    "the leftmost entry, as so many do",
    region="""
    client = read_address(peer or "")
    if client is None:
        return peer
    if any(client in network for network in trusted):
        first = read_address(",".join(forwarded_for).split(",")[0])
        client = first or client
    return str(client)
    """,
    caught_by="test_one_proxy",
)
wrong(
    "4.4",
    "the rightmost entry, ours or not",
    region="""
    client = read_address(peer or "")
    if client is None:
        return peer
    if any(client in network for network in trusted):
        last = read_address(",".join(forwarded_for).split(",")[-1])
        client = last or client
    return str(client)
    """,
    caught_by="test_more_proxies",
)
wrong(
    "4.4",
    "reads from the left to the first that is not trusted",
    replace='reversed(",".join(forwarded_for).split(","))',
    by='",".join(forwarded_for).split(",")',
    caught_by="test_one_proxy",
)
wrong(
    "4.4",
    "only the first header",
    replace='",".join(forwarded_for)',
    by='"".join(forwarded_for[:1])',
    caught_by="test_several_headers",
)
wrong(
    "4.4",
    "only the last header",
    replace='",".join(forwarded_for)',
    by='"".join(forwarded_for[-1:])',
    caught_by="test_several_headers",
)
wrong(
    "4.4",
    "headers in the other order",
    replace='",".join(forwarded_for)',
    by='",".join(reversed(forwarded_for))',
    caught_by="test_several_headers",
)
wrong(
    "4.4",
    "an entry that is no address is skipped",
    edits=[
        (
            "        if address is None or not any",
            "        if address is None:\n            continue\n        if not any",
        ),
    ],
    caught_by="test_no_address",
)
wrong(
    "4.4",
    "an entry that is no address is the client",
    replace="        if address is None or not any(client in network for network in trusted):",
    by="""        if address is None and any(client in network for network in trusted):
            return entry.strip()
        if address is None or not any(client in network for network in trusted):""",
    caught_by="test_no_address",
)
wrong(
    "4.4",
    "the peer, when all are trusted",
    replace="    return str(client)",
    by="    return str(client) if not any(client in network for network in trusted) else str(read_address(peer))",
    caught_by="test_all_trusted",
)
wrong(
    "4.4",
    "the text of the entry, with its port",
    edits=[
        ("    for entry in reversed", "    text = str(client)\n    for entry in reversed"),
        ("        client = address\n", "        client, text = address, entry.strip()\n"),
        ("    return str(client)", "    return text"),
    ],
    caught_by="test_spellings",
)
wrong(
    "4.4",
    "the peer is compared as text",
    replace='    client = read_address(peer or "")\n',
    by="""    if peer is None or not any(peer.startswith(str(network)[:3]) for network in trusted):
        return peer
    client = read_address(peer or "")
""",
    caught_by="test_spellings",
)
wrong(
    "4.4",
    "the peer is returned as it was spelt",
    edits=[("    return str(client)", "    return peer if client == read_address(peer) else str(client)")],
    caught_by="test_spellings",
)
wrong(
    "4.4",
    "no peer, so the header decides",
    replace="""    if client is None:
        return peer
""",
    by="""    if client is None:
        client = read_address("".join(forwarded_for[-1:]))
        return peer if client is None else str(client)
""",
    caught_by="test_no_peer",
)
wrong(
    "4.4",
    "no peer is no text",
    replace='read_address(peer or "")',
    by="read_address(peer)",
    caught_by="test_no_peer",
)
right(
    "4.4",
    "a list that ends with the peer",
    region="""
    if peer is None or read_address(peer) is None:
        return peer

    def is_ours(address) -> bool:
        return any(address in network for network in trusted)

    chain = [read_address(entry) for value in forwarded_for for entry in value.split(",")] + [read_address(peer)]
    client = chain.pop()
    while is_ours(client) and chain and chain[-1] is not None:
        client = chain.pop()
    return str(client)
    """,
)
right(
    "4.4",
    "recursion",
    region="""
    address = read_address(peer) if peer else None
    if address is None:
        return peer
    entries = [entry for value in forwarded_for for entry in value.split(",")]
    believed = any(address in network for network in trusted)
    if not believed or not entries or read_address(entries[-1]) is None:
        return str(address)
    return client_address(str(read_address(entries[-1])), [",".join(entries[:-1])] if entries[:-1] else [], trusted)
    """,
)
wrong(
    "4.4",
    "asks an entry that is no address for its spelling",
    replace="if address is None or not any(client in network for network in trusted):",
    by="if not address.exploded or not any(client in network for network in trusted):",
    caught_by="test_no_address",
)

# --- 4.5 the right order ---------------------------------------------------------------------------------------------

RIGHT = '["request id", "access log", "cors", "server error", "rate limit"]'


def order(name: str, names: str, caught_by: str) -> None:
    """An order that breaks one sentence."""
    wrong("4.5", name, replace=RIGHT, by=names, caught_by=caught_by)


order(
    "the limit outermost, it is the cheapest",
    '["rate limit", "request id", "access log", "cors", "server error"]',
    "test_request_id",
)
order(
    "the request ID inside of CORS",
    '["access log", "cors", "request id", "server error", "rate limit"]',
    "test_request_id",
)
order(
    "the log inside of CORS",
    '["request id", "cors", "access log", "server error", "rate limit"]',
    "test_log",
)
order(
    "CORS inside of the server error",
    '["request id", "access log", "server error", "cors", "rate limit"]',
    "test_readable",
)
order(
    "CORS inside of the limit",
    '["request id", "access log", "server error", "rate limit", "cors"]',
    "test_preflights",
)
order(
    "the limit outside of the server error",
    '["request id", "access log", "cors", "rate limit", "server error"]',
    "test_broken_limiter",
)
order(
    "innermost first",
    '["rate limit", "server error", "cors", "access log", "request id"]',
    "test_readable",
)
order(
    "the server error outermost, as in Starlette",
    '["server error", "request id", "access log", "cors", "rate limit"]',
    "test_request_id",
)
order("one forgotten", '["request id", "access log", "cors", "rate limit"]', "test_log")
wrong(
    "4.5",
    "an exception of a route has its request ID in every order",
    replace='"raises": {"Access-Control-Allow-Origin"}',
    by='"raises": {"Access-Control-Allow-Origin", "X-Request-ID"}',
    caught_by="test_predicted",
)
wrong(
    "4.5",
    "the refusal carries everything",
    replace='"limited": {"Retry-After"}',
    by='"limited": {"Access-Control-Allow-Origin", "Retry-After", "X-Request-ID"}',
    caught_by="test_predicted",
)
wrong(
    "4.5",
    "nothing is predicted for preflights",
    replace='"preflight": {"Access-Control-Allow-Origin"}',
    by='"preflight": set()',
    caught_by="test_predicted",
)
wrong("4.5", "an exception leaves no line", replace='{"fine", "raises"}', by='{"fine"}', caught_by="test_logged")
wrong(
    "4.5",
    "everything leaves a line",
    replace='{"fine", "raises"}',
    by='{"fine", "raises", "limited", "preflight"}',
    caught_by="test_logged",
)
right(
    "4.5",
    "the log outside of the request ID, which it reads when the request is over",
    replace=RIGHT,
    by='["access log", "request id", "cors", "server error", "rate limit"]',
)
right(
    "4.5",
    "lists in another order",
    edits=[
        (
            '"fine": {"Access-Control-Allow-Origin", "X-Request-ID"}',
            '"fine": ["X-Request-ID", "Access-Control-Allow-Origin"]',
        ),
        ('LOGGED: set[str] = {"fine", "raises"}', 'LOGGED = frozenset(["raises", "fine"])'),
    ],
)
wrong("4.5", "a set has no order", replace=RIGHT, by=RIGHT.replace("[", "{").replace("]", "}"), caught_by="test_log")

# --- 4.6 repair ------------------------------------------------------------------------------------------------------

SHARED = '                MutableHeaders(scope=message)["Server-Timing"] = f"app;dur={milliseconds:.1f}"'

wrong(
    "4.6",
    "the time is still on the object",
    edits=[
        ("        start = self.timer()", "        self.start = self.timer()"),
        ("(self.timer() - start)", "(self.timer() - self.start)"),
    ],
    caught_by="test_at_the_same_time",
)
wrong(
    "4.6",
    "the answer still goes to whoever came last",
    edits=[
        ("        start = self.timer()\n", "        start = self.timer()\n        self.send = send\n"),
        ("            await send(message)\n", "            await self.send(message)\n"),
    ],
    caught_by="test_at_the_same_time",
)
wrong(
    "4.6",
    "the list is still the app's",
    replace=SHARED,
    by='                message["headers"].append((b"server-timing", f"app;dur={milliseconds:.1f}".encode()))',
    caught_by="test_shared_headers",
)
wrong(
    "4.6",
    "replaces, in the app's own list",
    replace=SHARED,
    by='                MutableHeaders(raw=message["headers"])["Server-Timing"] = f"app;dur={milliseconds:.1f}"',
    caught_by="test_shared_headers",
)
wrong(
    "4.6",
    "a second value beside the app's",
    replace=SHARED,
    by='                MutableHeaders(scope=message).append("Server-Timing", f"app;dur={milliseconds:.1f}")',
    caught_by="test_shared_headers",
)
wrong(
    "4.6",
    "only where the app says nothing",
    replace=SHARED,
    by='                MutableHeaders(scope=message).setdefault("Server-Timing", f"app;dur={milliseconds:.1f}")',
    caught_by="test_shared_headers",
)
wrong(
    "4.6",
    "the exception is still swallowed",
    replace="        await self.app(scope, receive, send_timed)",
    by="""        try:
            await self.app(scope, receive, send_timed)
        except Exception:
            print("the app failed at", scope["method"], scope["path"])""",
    caught_by="test_exceptions",
)
wrong(
    "4.6",
    "a lifespan is still timed",
    replace="""        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
""",
    by="",
    caught_by="test_other_scopes",
)
wrong(
    "4.6",
    "what is no HTTP request ends here",
    replace="""            await self.app(scope, receive, send)
            return
""",
    by="            return\n",
    caught_by="test_other_scopes",
)
wrong("4.6", "seconds", replace="* 1000", by="* 1", caught_by="test_header")
wrong("4.6", "whole milliseconds", replace="{milliseconds:.1f}", by="{milliseconds:.0f}", caught_by="test_header")
wrong(
    "4.6",
    "one request at a time",
    edits=[
        (
            "        self.timer = timer\n",
            "        self.timer = timer\n        self.lock = __import__('asyncio').Lock()\n",
        ),
        ("        start = self.timer()\n", "        start = self.timer()\n        await self.lock.acquire()\n"),
        (
            "        await self.app(scope, receive, send_timed)",
            """        try:
            await self.app(scope, receive, send_timed)
        finally:
            self.lock.release()""",
        ),
    ],
    caught_by="test_at_the_same_time",
)
wrong(
    "4.6",
    "waits for the whole answer",
    edits=[
        ("        async def send_timed", "        held = []\n\n        async def send_timed"),
        ("            await send(message)\n", "            held.append(message)\n"),
        (
            "        await self.app(scope, receive, send_timed)",
            """        await self.app(scope, receive, send_timed)
        for message in held:
            await send(message)""",
        ),
    ],
    caught_by="test_messages",
)
right(
    "4.6",
    "an object for each request",
    cell='''
"""A header that says how long the app took."""

import time


class Timed:
    def __init__(self, send, timer):
        self.send, self.timer, self.start = send, timer, timer()

    async def __call__(self, message):
        if message["type"] == "http.response.start":
            value = f"app;dur={(self.timer() - self.start) * 1000:.1f}".encode()
            others = [(name, text) for name, text in message["headers"] if name.lower() != b"server-timing"]
            message = {**message, "headers": [*others, (b"server-timing", value)]}
        await self.send(message)


class ServerTimingMiddleware:
    """Puts `Server-Timing` on each answer. `timer` returns seconds that only ever grow."""

    def __init__(self, app, timer=time.perf_counter):
        self.app = app
        self.timer = timer

    async def __call__(self, scope, receive, send):
        """Answer one request; what is no HTTP request is handed on as it is."""
        if scope["type"] == "http":
            send = Timed(send, self.timer)
        await self.app(scope, receive, send)
''',
)
right(
    "4.6",
    "seconds first, rounded",
    edits=[
        ("milliseconds = (self.timer() - start) * 1000", "seconds = self.timer() - start"),
        ('f"app;dur={milliseconds:.1f}"', 'f"app;dur={round(seconds * 1e3, 1)}"'),
    ],
)
wrong(
    "4.6",
    "a cancellation ends here",
    replace="        await self.app(scope, receive, send_timed)",
    by="""        try:
            await self.app(scope, receive, send_timed)
        except Exception:
            raise
        except BaseException:
            return""",
    caught_by="test_exceptions",
)
wrong(
    "4.6",
    "on the trailers too",
    replace='if message["type"] == "http.response.start":',
    by='if "headers" in message:',
    caught_by="test_messages",
)
