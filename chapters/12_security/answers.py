"""Wrong and alternative right answers to the exercises of chapter 12."""

from coursekit.answers import right, wrong

# --- 12.1 Settings that refuse ----------------------------------------------------------------------------------------

wrong(
    "12.1",
    "a blank secret counts as set",
    edits=[("if not secret.strip():", "if not secret:"), ("secret.strip().encode", "secret.encode")],
    caught_by="test_missing_secret",
)
wrong(
    "12.1",
    "characters counted instead of bytes",
    replace='len(secret.strip().encode(errors="replace"))',
    by="len(secret.strip())",
    caught_by="test_good_settings",
)
wrong(
    "12.1",
    "blanks around count",
    replace='secret.strip().encode(errors="replace")',
    by='secret.encode(errors="replace")',
    caught_by="test_short_secret",
)
wrong(
    "12.1",
    "32 bytes are too few",
    replace="< SHORTEST:",
    by="<= SHORTEST:",
    caught_by="test_good_settings",
)
wrong(
    "12.1",
    "examples found only as they are written",
    replace='"".join(secret.lower().translate(dict.fromkeys(map(ord, "-_ .!"))))',
    by="secret",
    caught_by="test_published_secret",
)
wrong(
    "12.1",
    "the library is not asked",
    replace="    if not is_usable_key(secret):",
    by="    if secret is None:",
    caught_by="test_unusable_secret",
)
wrong(
    "12.1",
    "the value is in the sentence",
    replace='return "is the secret of an example"',
    by='return f"{secret} is the secret of an example"',
    caught_by="test_published_secret",
)
wrong(
    "12.1",
    "a short value is in the sentence",
    replace='return f"must have at least {SHORTEST} bytes"',
    by='return f"{secret!r} must have at least {SHORTEST} bytes"',
    caught_by="test_short_secret",
)
wrong(
    "12.1",
    "an empty URL is a URL",
    replace='not str(value or "").strip()',
    by="value is None",
    caught_by="test_missing_url",
)
wrong(
    "12.1",
    "a wildcard only when it is alone",
    replace='isinstance(value, tuple) and "*" in value',
    by='value == ("*",)',
    caught_by="test_wildcards",
)
wrong(
    "12.1",
    "a star anywhere",
    replace='isinstance(value, tuple) and "*" in value',
    by='"*" in str(value)',
    caught_by="test_good_settings",
)
wrong(
    "12.1",
    "no hosts are fine",
    replace='name == "ALLOWED_HOSTS" and not value',
    by='name == "ALLOWED_HOSTS" and value is None',
    caught_by="test_wildcards",
)
wrong(
    "12.1",
    "every setting must be set",
    replace='name in ("DATABASE_URL", "REDIS_URL") and',
    by='name.endswith("_URL") and',
    caught_by="test_other_settings",
)
wrong(
    "12.1",
    "no origins are a fault",
    replace='name == "ALLOWED_HOSTS" and not value',
    by='name in ("ALLOWED_HOSTS", "ALLOWED_ORIGINS") and not value',
    caught_by="test_good_settings",
)
right(
    "12.1",
    "a regular expression, and match",
    edits=[
        ("from jose import jws\n", "import re\n\nfrom jose import jws\n"),
        (
            '"".join(secret.lower().translate(dict.fromkeys(map(ord, "-_ .!"))))',
            're.sub(r"[-_ .!]", "", secret).casefold()',
        ),
    ],
)
right(
    "12.1",
    "surrogates kept",
    replace='encode(errors="replace")',
    by='encode("utf-8", "surrogatepass")',
)

# --- 12.2 Security headers --------------------------------------------------------------------------------------------

wrong(
    "12.2",
    "overwrites what is there",
    replace="headers.setdefault(name, value)",
    by="headers[name] = value",
    caught_by="test_what_is_there_stays",
)
wrong(
    "12.2",
    "appends to what is there",
    replace="headers.setdefault(name, value)",
    by="headers.append(name, value)",
    caught_by="test_what_is_there_stays",
)
wrong(
    "12.2",
    "HSTS over http",
    replace='if scope.get("scheme") == "https":',
    by="if True:",
    caught_by="test_hsts_on_https_alone",
)
wrong(
    "12.2",
    "the scheme looked at too early",
    edits=[
        (
            "        async def send_with_headers",
            '        secure = scope.get("scheme") == "https"\n\n        async def send_with_headers',
        ),
        ('if scope.get("scheme") == "https":', "if secure:"),
    ],
    caught_by="test_scheme_corrected_on_the_way",
)
wrong(
    "12.2",
    "the scope kept on self",
    edits=[
        ("        async def send_with_headers", "        self.scope = scope\n\n        async def send_with_headers"),
        ('if scope.get("scheme") == "https":', 'if self.scope.get("scheme") == "https":'),
    ],
    caught_by="test_two_requests_at_once",
)
wrong(
    "12.2",
    "a scheme is always there",
    replace='scope.get("scheme")',
    by='scope["scheme"]',
    caught_by="test_scheme_left_out",
)
wrong(
    "12.2",
    "HSTS overwritten",
    replace='headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)',
    by='headers["Strict-Transport-Security"] = STRICT_TRANSPORT_SECURITY',
    caught_by="test_what_is_there_stays",
)
wrong(
    "12.2",
    "only on successes",
    replace='if message["type"] == "http.response.start":',
    by='if message["type"] == "http.response.start" and message["status"] < 400:',
    caught_by="test_on_every_answer",
)
wrong(
    "12.2",
    "the lifespan is swallowed",
    replace="            await self.app(scope, receive, send)\n            return",
    by="            return",
    caught_by="test_lifespan_is_handed_on",
)
wrong(
    "12.2",
    "the body is lost",
    replace="            await send(message)",
    by='            if message["type"] == "http.response.start":\n                await send(message)',
    caught_by="test_body_and_second_answer",
)
right(
    "12.2",
    "bytes compared by hand",
    replace="""                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":
                    headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)
            await send(message)""",
    by="""                wanted = dict(HEADERS)
                if scope.get("scheme") == "https":
                    wanted["Strict-Transport-Security"] = STRICT_TRANSPORT_SECURITY
                there = {name.lower() for name, _ in message["headers"]}
                more = [(n.lower().encode(), v.encode()) for n, v in wanted.items() if n.lower().encode() not in there]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)""",
)
right(
    "12.2",
    "a membership test",
    replace="                    headers.setdefault(name, value)",
    by="                    if name not in headers:\n                        headers[name] = value",
)
right(
    "12.2",
    "appended to the list of the answer",
    replace="""                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":
                    headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)
            await send(message)""",
    by="""                wanted = dict(HEADERS)
                if scope.get("scheme") == "https":
                    wanted["Strict-Transport-Security"] = STRICT_TRANSPORT_SECURITY
                there = {name.lower() for name, _ in message["headers"]}
                for name, value in wanted.items():
                    if name.lower().encode() not in there:
                        message["headers"].append((name.lower().encode(), value.encode()))
            await send(message)""",
)

# --- 12.3 From http to https ------------------------------------------------------------------------------------------

wrong("12.3", "301", replace="status_code=308", by="status_code=301", caught_by="test_308_without_a_body")
wrong(
    "12.3",
    "the port stays",
    edits=[
        ("https://{host}/{path}", "https://{name}/{path}"),
        ('host = host_name(Headers(scope=scope).getlist("Host"))', 'name = Headers(scope=scope).get("Host")'),
    ],
    caught_by="test_host_without_port",
)
wrong(
    "12.3",
    "the decoded path",
    replace='scope.get("raw_path") or quote(scope["path"]).encode()',
    by='scope["path"].encode()',
    caught_by="test_path_and_query_as_they_came",
)
wrong(
    "12.3",
    "glued to the host",
    edits=[
        ('            target = re.sub(rb"(?i)^https?://[^/]*", b"", target)\n', ""),
        ('target.removeprefix(b"/")', "target"),
        ("https://{host}/{path}", "https://{host}{path}"),
    ],
    caught_by="test_targets_that_are_no_path",
)
wrong(
    "12.3",
    "a whole URL as a path",
    replace='            target = re.sub(rb"(?i)^https?://[^/]*", b"", target)\n',
    by="",
    caught_by="test_targets_that_are_no_path",
)
wrong(
    "12.3",
    "a percent sign of the decoded path stays",
    replace='quote(scope["path"]).encode()',
    by='scope["path"].encode()',
    caught_by="test_left_out",
)
wrong(
    "12.3",
    "encoded twice",
    replace="""safe="/%:@!$&'()*+,;=~")
            query""",
    by="""safe="/:@!$&'()*+,;=~")
            query""",
    caught_by="test_path_and_query_as_they_came",
)
wrong(
    "12.3",
    "the query is lost",
    replace="{'?' if query else ''}{query}",
    by="",
    caught_by="test_path_and_query_as_they_came",
)
wrong(
    "12.3",
    "a question mark always",
    replace="{'?' if query else ''}{query}",
    by="?{query}",
    caught_by="test_308_without_a_body",
)
wrong(
    "12.3",
    "the proxy's header is believed",
    replace='scope.get("scheme") != "https" and',
    by='scope.get("scheme") != "https" and Headers(scope=scope).get("X-Forwarded-Proto") != "https" and',
    caught_by="test_proxy_header_is_not_read",
)
wrong(
    "12.3",
    "a scheme is always there",
    replace='scope.get("scheme") != "https"',
    by='scope["scheme"] == "http"',
    caught_by="test_left_out",
)
wrong(
    "12.3",
    "health routes by their beginning",
    replace="route_path(scope) not in EXEMPT",
    by='not route_path(scope).startswith("/health/")',
    caught_by="test_who_is_not_redirected",
)
wrong(
    "12.3",
    "health routes are redirected",
    replace=" and route_path(scope) not in EXEMPT",
    by="",
    caught_by="test_who_is_not_redirected",
)
wrong(
    "12.3",
    "only GET",
    replace='scope.get("scheme") != "https" and',
    by='scope.get("scheme") != "https" and scope["method"] == "GET" and',
    caught_by="test_308_without_a_body",
)
wrong(
    "12.3",
    "websockets are answered",
    replace='scope["type"] == "http" and scope.get("scheme") != "https" and',
    by='scope.get("scheme") in ("http", "ws") and',
    caught_by="test_other_types",
)
right(
    "12.3",
    "urlsplit, and text",
    edits=[
        ("import re\nfrom urllib.parse import quote\n", "from urllib.parse import quote, urlsplit\n"),
        (
            """            target = re.sub(rb"(?i)^https?://[^/]*", b"", target)
            path = quote(target.removeprefix(b"/"), """,
            """            if target.lower().startswith((b"http://", b"https://")):
                target = urlsplit(target).path
            path = quote(target[1:] if target.startswith(b"/") else target, """,
        ),
    ],
)
right(
    "12.3",
    "an early return",
    replace="""        app = self.app
        if scope["type"] == "http" and""",
    by="""        app = self.app
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if""",
)
right(
    "12.3",
    "safe is all of printable ASCII",
    edits=[
        (
            """target.removeprefix(b"/"), safe="/%:@!$&'()*+,;=~")""",
            """target.removeprefix(b"/"), safe="".join(map(chr, range(33, 127))))""",
        ),
        ("""safe="/%:@!$&'()*+,;=~?")""", """safe="".join(map(chr, range(33, 127))))"""),
    ],
)

# --- 12.4 Audit events ------------------------------------------------------------------------------------------------

_REFUSE = """        if event not in get_args(Event) or not facts.keys() <= set(FACTS):
            raise ValueError("no event or no fact of the audit log")
"""
wrong("12.4", "everything is written", replace=_REFUSE, by="", caught_by="test_unknown_fact")
wrong(
    "12.4",
    "facts are not looked at",
    replace=" or not facts.keys() <= set(FACTS)",
    by="",
    caught_by="test_unknown_fact",
)
wrong(
    "12.4",
    "events are not looked at",
    replace="event not in get_args(Event) or ",
    by="",
    caught_by="test_unknown_event",
)
wrong(
    "12.4",
    "a list of what is forbidden",
    replace="not facts.keys() <= set(FACTS)",
    by='facts.keys() & {"password", "token"}',
    caught_by="test_unknown_fact",
)
wrong(
    "12.4",
    "a longer list of what is forbidden",
    replace="not facts.keys() <= set(FACTS)",
    by='facts.keys() & {"password", "token", "secret", "email"}',
    caught_by="test_unknown_fact",
)
wrong(
    "12.4",
    "the account did it, where nobody is signed in",
    replace='"by": self._by',
    by='"by": self._by or account',
    caught_by="test_nobody",
)
wrong(
    "12.4",
    "another extra",
    replace='"by": self._by}',
    by='"by": self._by, "level": level}',
    caught_by="test_nothing_else",
)
wrong(
    "12.4",
    "the exception under way",
    replace="extra={**facts, **about})",
    by="extra={**facts, **about}, exc_info=True)",
    caught_by="test_nothing_else",
)
wrong(
    "12.4",
    "the account is in the error",
    replace='ValueError("no event or no fact of the audit log")',
    by='ValueError(f"cannot write about {account}")',
    caught_by="test_unknown_fact",
)
wrong(
    "12.4",
    "one good fact is enough",
    replace="not facts.keys() <= set(FACTS)",
    by="(facts and not facts.keys() & set(FACTS))",
    caught_by="test_unknown_fact",
)
wrong(
    "12.4",
    "the value is in the error",
    replace='ValueError("no event or no fact of the audit log")',
    by='ValueError(f"cannot write {event} {facts}")',
    caught_by="test_unknown_event",
)
wrong(
    "12.4",
    "everything is information",
    replace="level = logging.WARNING if event in WARNINGS else logging.INFO",
    by="level = logging.INFO",
    caught_by="test_levels",
)
wrong(
    "12.4",
    "who did it is lost",
    replace=', "by": self._by}',
    by="}",
    caught_by="test_extras",
)
wrong(
    "12.4",
    "what is None is left out",
    replace="extra={**facts, **about}",
    by="extra={**facts, **{name: value for name, value in about.items() if value is not None}}",
    caught_by="test_nobody",
)
wrong(
    "12.4",
    "facts in the message",
    replace="logger.log(level, event, extra={**facts, **about})",
    by='logger.log(level, f"{event} {facts}", extra=about)',
    caught_by="test_every_event",
)
right(
    "12.4",
    "two methods of the logger",
    replace="""        level = logging.WARNING if event in WARNINGS else logging.INFO
""",
    by="""        level = {True: logging.WARNING, False: logging.INFO}[event in WARNINGS]
""",
)
right(
    "12.4",
    "a loop over the facts",
    replace=_REFUSE,
    by="""        for name in facts:
            if name not in FACTS:
                raise ValueError("this fact is not written")
        if event not in get_args(Event):
            raise ValueError("this event is not known")
""",
)

# --- 12.5 Login throttling --------------------------------------------------------------------------------------------

_ALL = """            seconds = await self._count(key)
            if seconds is not None:
                raise TooManyRequests("Too many failed attempts. Try again later.", seconds)
            right = await verify()
            if right:
                await self._forget(key)
            return right"""
wrong(
    "12.5",
    "verified first",
    replace=_ALL,
    by="""            right = await verify()
            seconds = await self._count(key)
            if seconds is not None:
                raise TooManyRequests("Too many failed attempts. Try again later.", seconds)
            if right:
                await self._forget(key)
            return right""",
    caught_by="test_five_failures",
)
wrong(
    "12.5",
    "a success does not reset",
    replace="""            if right:
                await self._forget(key)
""",
    by="",
    caught_by="test_success_resets",
)
wrong(
    "12.5",
    "everything resets",
    replace="""            if right:
                await self._forget(key)
""",
    by="            await self._forget(key)\n",
    caught_by="test_five_failures",
)
wrong(
    "12.5",
    "a right password is let in although refused",
    replace="            if seconds is not None:\n",
    by="            if seconds is not None and not await verify():\n",
    caught_by="test_five_failures",
)
wrong(
    "12.5",
    "counted only after a failure",
    replace=_ALL,
    by="""            right = await verify()
            if right:
                await self._forget(key)
                return True
            seconds = await self._count(key)
            if seconds is not None:
                raise TooManyRequests("Too many failed attempts. Try again later.", seconds)
            return False""",
    caught_by="test_five_failures",
)
wrong(
    "12.5",
    "an exception resets",
    replace="            right = await verify()\n",
    by="""            try:
                right = await verify()
            except Exception:
                await self._forget(key)
                raise
""",
    caught_by="test_broken_attempt",
)
wrong(
    "12.5",
    "an exception is a wrong password",
    replace="            right = await verify()\n",
    by="""            try:
                right = await verify()
            except Exception:
                right = False
""",
    caught_by="test_broken_attempt",
)
wrong(
    "12.5",
    "a quarter of an hour, always",
    replace='"Too many failed attempts. Try again later.", seconds)',
    by='"Too many failed attempts. Try again later.", 900)',
    caught_by="test_seconds_to_wait",
)
wrong(
    "12.5",
    "by the account alone",
    replace="            seconds = await self._count(key)\n",
    by="            key = account\n            seconds = await self._count(key)\n",
    caught_by="test_others",
)
wrong(
    "12.5",
    "a right password verified twice",
    replace="            return right",
    by="            return right and await verify()",
    caught_by="test_success_resets",
)
right(
    "12.5",
    "else and another text",
    replace=_ALL,
    by="""            wait = await self._count(key)
            if wait:
                raise TooManyRequests(f"Wait {wait} seconds.", wait)
            if not await verify():
                return False
            await self._forget(key)
            return True""",
)
right(
    "12.5",
    "forgotten by a flag",
    replace="""            if right:
                await self._forget(key)
            return right""",
    by="""            if not right:
                return right
            await self._forget(key)
            return right""",
)

# --- 12.6 A property of every answer ----------------------------------------------------------------------------------

wrong(
    "12.6",
    "the document is not asked",
    replace="case.call_and_validate()",
    by="case.call()",
    caught_by="test_against_the_document",
)
wrong(
    "12.6",
    "the header is looked at on successes only",
    replace='    assert response.headers.get("x-content-type-options") == ["nosniff"]',
    by='    assert response.status_code >= 400 or response.headers.get("x-content-type-options") == ["nosniff"]',
    caught_by="test_header",
)
wrong(
    "12.6",
    "no header is fine",
    replace='response.headers.get("x-content-type-options") == ["nosniff"]',
    by='response.headers.get("x-content-type-options") in (None, ["nosniff"])',
    caught_by="test_header",
)
wrong(
    "12.6",
    "what is no JSON is let through",
    replace="        body = response.json()\n",
    by="""        try:
            body = response.json()
        except ValueError:
            return
""",
    caught_by="test_envelope",
)
wrong(
    "12.6",
    "falsy is false",
    replace='body.get("success") is False',
    by='not body.get("success")',
    caught_by="test_envelope",
)
wrong("12.6", "no errors", replace='        assert body["errors"]\n', by="", caught_by="test_envelope")
wrong(
    "12.6",
    "any errors",
    replace='        assert isinstance(body.get("errors"), list)\n',
    by="",
    caught_by="test_envelope",
)
wrong(
    "12.6",
    "errors are refused",
    replace="    if response.status_code >= 400:\n",
    by="    assert response.status_code < 400\n    if response.status_code >= 400:\n",
    caught_by="test_right_app",
)
wrong(
    "12.6",
    "everything is an envelope",
    replace="if response.status_code >= 400:",
    by="if response.status_code >= 200:",
    caught_by="test_right_app",
)
wrong(
    "12.6",
    "sent twice",
    replace="    response = case.call_and_validate()\n",
    by="    case.call_and_validate()\n    response = case.call()\n",
    caught_by="test_right_app",
)
right(
    "12.6",
    "call, then validate",
    replace="    response = case.call_and_validate()\n",
    by="    response = case.call()\n    case.validate_response(response)\n",
)
right(
    "12.6",
    "match",
    replace="""        assert isinstance(body, dict)
        assert body.get("success") is False
        assert isinstance(body.get("errors"), list)
        assert body["errors"]
""",
    by="""        match body:
            case {"success": False, "errors": [_, *_]} if body["success"] is False:
                pass
            case _:
                raise AssertionError
""",
)

# --- 12.7 Twenty attacks ----------------------------------------------------------------------------------------------

wrong(
    "12.7",
    "an attack that gets in",
    replace='Attack(3, None, "GET", "/api/v1/users", 401, {})',
    by='Attack(3, "admin", "GET", "/api/v1/users", 401, {})',
    caught_by="test_every_attack_is_refused",
)
wrong(
    "12.7",
    "another status than the app's",
    replace='Attack(3, "user", "GET", "/api/v1/users/1", 403, {})',
    by='Attack(3, "user", "GET", "/api/v1/users/1", 404, {})',
    caught_by="test_every_attack_is_refused",
)
wrong(
    "12.7",
    "one guess too few",
    replace='{"data": GUESS}, 6)',
    by='{"data": GUESS}, 5)',
    caught_by="test_every_attack_is_refused",
)
wrong(
    "12.7",
    "the same attack again",
    replace='    Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"skip": -1}}),\n',
    by='    Attack(4, None, "GET", "/api/v1/items", 422, {"params": {"limit": 10**9}}),\n',
    caught_by="test_twenty_different",
)
wrong(
    "12.7",
    "the same attack, sent more often",
    replace='    Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"skip": -1}}),\n',
    by='    Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"limit": 10**9}}, 2),\n',
    caught_by="test_twenty_different",
)
wrong(
    "12.7",
    "one attack in many forms",
    replace='    Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"skip": -1}}),\n',
    by='    *(Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"skip": -n}}) for n in (1, 2, 3)),\n',
    caught_by="test_not_all_alike",
)
wrong(
    "12.7",
    "items that are not there",
    replace='    Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"skip": -1}}),\n',
    by='    Attack(2, None, "GET", "/api/v1/items/2", 404, {}),\n',
    caught_by="test_no_missing_items",
)
wrong(
    "12.7",
    "a chapter that is no chapter",
    replace='Attack(5, None, "OPTIONS"',
    by='Attack(13, None, "OPTIONS"',
    caught_by="test_chapters",
)
wrong(
    "12.7",
    "a success as a refusal",
    replace='Attack(12, None, "POST", "/api/v1/auth/token", 429, {"data": GUESS}, 6)',
    by='Attack(12, None, "GET", "/health/live", 200, {})',
    caught_by="test_refusals",
)
wrong(
    "12.7",
    "the manager deletes the item",
    replace='"/api/v1/items/1", 412, {"headers": {"If-Match": \'"0"\'}})',
    by='"/api/v1/items/1", 412, {})',
    caught_by="test_every_attack_is_refused",
)
wrong(
    "12.7",
    "URLs that do not exist",
    region="""*(Attack(2 + n % 8, None, "GET", f"/api/v1/nothing-{n}", 404, {}) for n in range(20)),""",
    caught_by="test_paths",
)
wrong(
    "12.7",
    "one request in twenty forms",
    region="""*(Attack(2 + n % 8, None, "GET", f"/api/v1/items/{n}?n={n}", 404, {}) for n in range(50, 70)),""",
    caught_by="test_operations",
)
wrong(
    "12.7",
    "always the same refusal",
    region="""*(
        Attack(2 + n % 8, None, method, f"/api/v1/items/{n}", 405, {})
        for n in range(10)
        for method in ("POST", "TRACE", "PATCH")
    ),""",
    caught_by="test_refusals",
)
right(
    "12.7",
    "other rows",
    replace='Attack(2, None, "GET", "/api/v1/items/9223372036854775808", 422, {})',
    by='Attack(2, None, "GET", "/api/v1/items/", 404, {})',
)
right(
    "12.7",
    "another way to guess",
    replace='Attack(12, None, "POST", "/api/v1/auth/token", 429, {"data": GUESS}, 6)',
    by='Attack(12, None, "POST", "/api/v1/auth/login", 429, {"data": {"username": "eve", "password": "x"}}, 7)',
)
right(
    "12.7",
    "too many requests, and another host",
    edits=[
        (
            'Attack(2, None, "GET", "/api/v1/items", 422, {"params": {"skip": -1}})',
            'Attack(4, None, "GET", "/api/v1/items", 429, {}, 101)',
        ),
        (
            'Attack(2, None, "GET", "/api/v1/items/9223372036854775808", 422, {})',
            'Attack(12, "user", "GET", "/api/v1/items", 400, {"headers": {"Host": "evil.example"}})',
        ),
    ],
)
