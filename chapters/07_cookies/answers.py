"""Wrong and alternative right answers to the exercises of chapter 07."""

from coursekit.answers import right, wrong

# --- 7.1 set ---------------------------------------------------------------------------------------------------------

_SET = 'response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=hidden, samesite="lax")'

wrong(
    "7.1",
    "the same names everywhere",
    replace='"__Host-" if environment == "production" else ""',
    by='""',
    caught_by="test_names",
)
wrong(
    "7.1",
    "host names everywhere",
    replace='"__Host-" if environment == "production" else ""',
    by='"__Host-"',
    caught_by="test_names",
)
wrong(
    "7.1",
    "host names but for development",
    replace='"__Host-" if environment == "production" else ""',
    by='"" if environment == "development" else "__Host-"',
    caught_by="test_names",
)
wrong(
    "7.1",
    "the wrong prefix",
    replace='"__Host-" if',
    by='"__Secure-" if',
    caught_by="test_names",
)
wrong(
    "7.1",
    "one of the two names",
    replace='csrf=f"{prefix}csrf_token"',
    by='csrf="csrf_token"',
    caught_by="test_names",
)
wrong(
    "7.1",
    "the word of the header in the cookie",
    replace="(names.access, token, True)",
    by='(names.access, f"Bearer {token}", True)',
    caught_by="test_names_and_values",
)
wrong(
    "7.1",
    "fixed names",
    replace="((names.access, token, True), (names.csrf, csrf, False))",
    by='(("access_token", token, True), ("csrf_token", csrf, False))',
    caught_by="test_names_and_values",
)
wrong(
    "7.1",
    "values the other way round",
    replace="((names.access, token, True), (names.csrf, csrf, False))",
    by="((names.access, csrf, True), (names.csrf, token, False))",
    caught_by="test_names_and_values",
)
wrong("7.1", "both hidden", replace="httponly=hidden", by="httponly=True", caught_by="test_scripts")
wrong("7.1", "neither hidden", replace="httponly=hidden, ", by="", caught_by="test_scripts")
wrong("7.1", "the wrong one hidden", replace="httponly=hidden", by="httponly=not hidden", caught_by="test_scripts")
wrong("7.1", "not Secure", replace="secure=True, ", by="", caught_by="test_attributes")
wrong("7.1", "Secure for the token alone", replace="secure=True", by="secure=hidden", caught_by="test_attributes")
wrong("7.1", "Strict", replace='samesite="lax"', by='samesite="strict"', caught_by="test_attributes")
wrong("7.1", "None for other sites' pages", replace='samesite="lax"', by='samesite="none"', caught_by="test_attributes")
wrong("7.1", "SameSite not said", replace='samesite="lax"', by="samesite=None", caught_by="test_attributes")
wrong("7.1", "a path of its own", replace='path="/"', by='path="/api"', caught_by="test_attributes")
wrong("7.1", "no path at all", replace='path="/"', by="path=None", caught_by="test_a_browser_keeps_them")
wrong("7.1", "a fixed lifetime", replace="max_age=max_age", by="max_age=1800", caught_by="test_lifetime")
wrong("7.1", "for ever, or until the browser is closed", replace="max_age=max_age, ", by="", caught_by="test_lifetime")
wrong("7.1", "minutes", replace="max_age=max_age", by="max_age=max_age * 60", caught_by="test_lifetime")
wrong(
    "7.1",
    "for every host of the domain",
    replace='path="/"',
    by='path="/", domain="course.test"',
    caught_by="test_this_host_alone",
)
wrong(
    "7.1",
    "one header for both",
    replace=f"        {_SET}",
    by="""        if not hidden:
            response.headers["Set-Cookie"] = (
                f"{names.access}={token}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=Lax, "
                f"{name}={value}; Max-Age={max_age}; Path=/; Secure; SameSite=Lax"
            )""",
    caught_by="test_names_and_values",
)
wrong(
    "7.1",
    "what was set before is gone",
    replace="    for name, value, hidden in",
    by='    del response.headers["Set-Cookie"]\n    for name, value, hidden in',
    caught_by="test_what_was_there",
)
wrong(
    "7.1",
    "one object for all names, which production changes",
    edits=[
        (
            "def cookie_names(",
            '_NAMES = CookieNames("access_token", "csrf_token")\n\n\ndef cookie_names(',
        ),
        (
            """    prefix = "__Host-" if environment == "production" else ""
    return CookieNames(access=f"{prefix}access_token", csrf=f"{prefix}csrf_token")
""",
            """    if environment == "production":
        object.__setattr__(_NAMES, "access", "__Host-access_token")
        object.__setattr__(_NAMES, "csrf", "__Host-csrf_token")
    return _NAMES
""",
        ),
    ],
    caught_by="test_names",
)
wrong(
    "7.1",
    "percent signs in the values",
    edits=[
        ("from dataclasses import dataclass\n", "from dataclasses import dataclass\nfrom urllib.parse import quote\n"),
        ("set_cookie(name, value,", "set_cookie(name, quote(value),"),
    ],
    caught_by="test_names_and_values",
)
wrong(
    "7.1",
    "async, and nobody awaits it",
    replace="def set_session_cookies(",
    by="async def set_session_cookies(",
    caught_by="test_scripts",
)
right(
    "7.1",
    "two calls, defaults left out",
    regions=[
        """
        if environment != "production":
            return CookieNames("access_token", "csrf_token")
        return CookieNames("__Host-access_token", "__Host-csrf_token")
        """,
        """
        response.set_cookie(names.csrf, csrf, max_age, secure=True)
        response.set_cookie(names.access, token, max_age, secure=True, httponly=True)
        """,
    ],
)
right(
    "7.1",
    "headers by hand",
    regions=[
        """
        prefix = {"production": "__Host-"}.get(environment, "")
        return CookieNames(prefix + "access_token", prefix + "csrf_token")
        """,
        """
        shared = f"max-age={max_age}; path=/; secure; samesite=LAX"
        response.headers.append("Set-Cookie", f"{names.access}={token}; {shared}; httponly")
        response.headers.append("Set-Cookie", f"{names.csrf}={csrf}; {shared}")
        """,
    ],
)

# --- 7.2 read --------------------------------------------------------------------------------------------------------

_HEADER = """    if "Authorization" in headers:
        return bearer_token(headers)
"""
_NOTHING = """    if values in ([], [""]):
        return None
"""
_LAST = 'return SentToken(values[0] if len(values) == 1 else "", by_cookie=True)'

wrong("7.2", "the cookie alone", replace=_HEADER, by="", caught_by="test_header")
wrong(
    "7.2",
    "the header alone",
    replace="""    values = cookie_values(headers, cookie)
    if values in ([], [""]):
        return None
    return SentToken(values[0] if len(values) == 1 else "", by_cookie=True)""",
    by="    return None",
    caught_by="test_cookie",
)
wrong(
    "7.2",
    "the cookie wins",
    edits=[
        (_HEADER, ""),
        (
            _NOTHING,
            """    if values in ([], [""]):
        return bearer_token(headers)
""",
        ),
    ],
    caught_by="test_header_wins",
)
wrong(
    "7.2",
    "a header without a token lets the cookie in",
    replace=_HEADER,
    by="""    sent = bearer_token(headers)
    if sent is not None:
        return sent
""",
    caught_by="test_a_header_without_token",
)
wrong(
    "7.2",
    "an empty header lets the cookie in",
    replace='if "Authorization" in headers:',
    by='if headers.get("Authorization"):',
    caught_by="test_a_header_without_token",
)
wrong(
    "7.2",
    "only a header that begins with Bearer counts",
    replace='if "Authorization" in headers:',
    by='if headers.get("Authorization", "").lower().startswith("bearer"):',
    caught_by="test_a_header_without_token",
)
wrong(
    "7.2",
    "an empty cookie is a token",
    replace='if values in ([], [""]):',
    by="if not values:",
    caught_by="test_nothing",
)
wrong("7.2", "the first of two", replace=_LAST, by="return SentToken(values[0], True)", caught_by="test_more_than_one")
wrong("7.2", "the last of two", replace=_LAST, by="return SentToken(values[-1], True)", caught_by="test_more_than_one")
wrong(
    "7.2",
    "two are nobody",
    replace='if values in ([], [""]):',
    by='if len(values) != 1 or values == [""]:',
    caught_by="test_more_than_one",
)
wrong(
    "7.2",
    "two equal ones are one",
    replace="values = cookie_values(headers, cookie)",
    by="values = list(dict.fromkeys(cookie_values(headers, cookie)))",
    caught_by="test_more_than_one",
)
wrong(
    "7.2",
    "empty ones do not count",
    replace="values = cookie_values(headers, cookie)",
    by="values = [value for value in cookie_values(headers, cookie) if value]",
    caught_by="test_more_than_one",
)
wrong(
    "7.2",
    "two in one text",
    replace='values[0] if len(values) == 1 else ""',
    by='"; ".join(values)',
    caught_by="test_more_than_one",
)
wrong(
    "7.2",
    "nobody says that it was the cookie",
    replace=", by_cookie=True)",
    by=")",
    caught_by="test_cookie",
)
wrong(
    "7.2",
    "always the same cookie",
    replace="(headers, cookie)\n",
    by='(headers, "access_token")\n',
    caught_by="test_name",
)
wrong(
    "7.2",
    "Starlette's parser, which takes off quotes",
    edits=[
        (
            "from starlette.datastructures import Headers\n",
            "from starlette.datastructures import Headers\nfrom starlette.requests import cookie_parser\n",
        ),
        (
            "values = cookie_values(headers, cookie)",
            'jar = cookie_parser(headers.get("Cookie", ""))\n    values = [jar[cookie]] if cookie in jar else []',
        ),
    ],
    caught_by="test_cookie",
)
wrong(
    "7.2",
    "the word of the header is taken off the cookie too",
    replace="SentToken(values[0] if",
    by='SentToken(values[0].removeprefix("Bearer ") if',
    caught_by="test_cookie",
)
wrong(
    "7.2",
    "the first of two headers",
    replace="        return bearer_token(headers)",
    by="""        scheme, _, text = headers["Authorization"].partition(" ")
        return SentToken(text.strip()) if scheme.lower() == "bearer" and text.strip() else None""",
    caught_by="test_two_headers",
)
wrong(
    "7.2",
    "stripped of blanks that are none in HTTP",
    replace="SentToken(values[0] if",
    by="SentToken(values[0].strip() if",
    caught_by="test_cookie",
)
wrong(
    "7.2",
    "a value of such blanks is taken for an empty one",
    replace='if values in ([], [""]):',
    by="if not values or not (values[0].strip() or values[1:]):",
    caught_by="test_cookie",
)
wrong(
    "7.2",
    "a reader of its own, which strips such blanks off names",
    replace="values = cookie_values(headers, cookie)",
    by="""pairs = [pair.partition("=") for line in headers.getlist("Cookie") for pair in line.split(";")]
    values = [value.strip(" \\t") for key, equals, value in pairs if equals and key.strip() == cookie]""",
    caught_by="test_nothing",
)
wrong(
    "7.2", "async, and nobody awaits it", replace="def find_token(", by="async def find_token(", caught_by="test_header"
)
right(
    "7.2",
    "match",
    region="""
    if headers.get("authorization") is not None:
        return bearer_token(headers)
    match cookie_values(headers, cookie):
        case [] | [""]:
            return None
        case [value]:
            return SentToken(value, True)
        case _:
            return SentToken("", True)
    """,
)
right(
    "7.2",
    "the cookie first, then the question",
    region="""
    found = None
    for value in cookie_values(headers, cookie):
        found = SentToken(text="" if found else value, by_cookie=True)
        if not value:
            found = SentToken("", by_cookie=True)
    if found == SentToken("", True) and len(cookie_values(headers, cookie)) < 2:
        found = None
    return bearer_token(headers) if headers.getlist("Authorization") else found
    """,
)

# --- 7.3 clear and revoke --------------------------------------------------------------------------------------------

_ADD = "    await revocations.add(claims.jti, claims.expires_at)\n"
_PURGE = "    await revocations.purge(now)\n"

wrong("7.3", "the cookies alone", replace=_ADD, by="", caught_by="test_recalled")
wrong("7.3", "the subject is recalled", replace="add(claims.jti,", by="add(claims.subject,", caught_by="test_recalled")
wrong(
    "7.3",
    "not awaited",
    replace="    await revocations.add(",
    by="    revocations.add(",
    caught_by="test_recalled",
)
wrong(
    "7.3",
    "the clean-up not awaited",
    replace="    await revocations.purge(",
    by="    revocations.purge(",
    caught_by="test_purged",
)
wrong("7.3", "not async", edits=[("async def", "def"), (_ADD, ""), (_PURGE, "")], caught_by="test_recalled")
wrong(
    "7.3",
    "the clean-up first",
    replace=_ADD + _PURGE,
    by=_PURGE + _ADD,
    caught_by="test_the_store_fails",
)
wrong(
    "7.3",
    "errors of the store swallowed",
    replace=_ADD + _PURGE,
    by="""    try:
        await revocations.add(claims.jti, claims.expires_at)
        await revocations.purge(now)
    except Exception:
        pass
""",
    caught_by="test_the_store_fails",
)
wrong("7.3", "recalled until now", replace="claims.expires_at)", by="now)", caught_by="test_until_its_end")
wrong(
    "7.3",
    "recalled for half an hour",
    edits=[
        ("from datetime import datetime\n", "from datetime import datetime, timedelta\n"),
        ("claims.expires_at)", "now + timedelta(minutes=30))"),
    ],
    caught_by="test_until_its_end",
)
wrong(
    "7.3",
    "recalled a while longer, to be sure",
    edits=[
        ("from datetime import datetime\n", "from datetime import datetime, timedelta\n"),
        ("claims.expires_at)", "claims.expires_at + timedelta(minutes=1))"),
    ],
    caught_by="test_until_its_end",
)
wrong(
    "7.3",
    "recalled from its beginning on",
    replace="claims.expires_at)",
    by="claims.issued_at)",
    caught_by="test_until_its_end",
)
wrong("7.3", "the list grows for ever", replace=_PURGE, by="", caught_by="test_purged")
wrong(
    "7.3",
    "what is over when this token will be is forgotten too soon",
    replace="purge(now)",
    by="purge(claims.expires_at)",
    caught_by="test_purged",
)
wrong("7.3", "purged by the wrong clock", replace="purge(now)", by="purge(claims.issued_at)", caught_by="test_purged")
wrong(
    "7.3",
    "purged by the computer's clock",
    edits=[
        ("from datetime import datetime\n", "from datetime import UTC, datetime\n"),
        ("purge(now)", "purge(datetime.now(UTC))"),
    ],
    caught_by="test_purged",
)
wrong(
    "7.3",
    "no cookie cleared",
    replace="""    for name in (names.access, names.csrf):
        response.delete_cookie(name, path="/", secure=True, samesite="lax")
""",
    by="",
    caught_by="test_forgotten",
)
wrong(
    "7.3",
    "one cookie cleared",
    replace="(names.access, names.csrf)",
    by="(names.access,)",
    caught_by="test_forgotten",
)
wrong(
    "7.3",
    "the bare call",
    replace=', path="/", secure=True, samesite="lax")',
    by=")",
    caught_by="test_forgotten",
)
wrong("7.3", "another path", replace='path="/"', by='path="/api"', caught_by="test_forgotten")
wrong("7.3", "no path", replace='path="/"', by="path=None", caught_by="test_forgotten")
wrong("7.3", "a domain", replace='path="/"', by='path="/", domain="course.test"', caught_by="test_forgotten")
wrong(
    "7.3",
    "an empty value is not a deletion",
    replace='response.delete_cookie(name, path="/", secure=True, samesite="lax")',
    by='response.set_cookie(name, "", path="/", secure=True, samesite="lax")',
    caught_by="test_forgotten",
)
wrong(
    "7.3",
    "fixed names",
    replace="(names.access, names.csrf)",
    by='("access_token", "csrf_token")',
    caught_by="test_forgotten",
)
wrong(
    "7.3",
    "the names of both environments",
    replace="(names.access, names.csrf)",
    by="""(
        names.access,
        names.csrf,
        "access_token",
        "csrf_token",
        "__Host-access_token",
        "__Host-csrf_token",
    )""",
    caught_by="test_under_the_names_given",
)
wrong(
    "7.3",
    "everything of this site is cleared",
    replace="    for name in",
    by="""    response.headers["Clear-Site-Data"] = '"cookies"'
    for name in""",
    caught_by="test_under_the_names_given",
)
wrong(
    "7.3",
    "what was set before is gone",
    replace="    for name in",
    by="""    del response.headers["Set-Cookie"]
    for name in""",
    caught_by="test_under_the_names_given",
)
wrong(
    "7.3",
    "the second time is an error",
    replace=_ADD,
    by="""    if await revocations.contains(claims.jti):
        raise ValueError("signed out already")
    await revocations.add(claims.jti, claims.expires_at)
""",
    caught_by="test_again",
)
right(
    "7.3",
    "cookies first, two calls, the list last",
    region="""
    response.delete_cookie(names.csrf, secure=True)
    response.delete_cookie(names.access, secure=True)
    await revocations.add(claims.jti, claims.expires_at)
    await revocations.purge(now)
    """,
)
right(
    "7.3",
    "set once more, with no time left",
    region="""
    for name in (names.access, names.csrf):
        response.set_cookie(name, "gone", max_age=0, secure=True)
    if not await revocations.contains(claims.jti):
        await revocations.add(claims.jti, claims.expires_at)
    await revocations.purge(now)
    """,
)

# --- 7.4 CSRF token --------------------------------------------------------------------------------------------------

_TOKEN = 'return hmac.new(secret.encode(), f"csrf:{jti}".encode(), "sha256").hexdigest()'
_NONE = """    if cookie is None or header is None:
        return False
"""
_SAME = "hmac.compare_digest(sent, cookie.encode())"
_OURS = "hmac.compare_digest(sent, expected)"

wrong("7.4", "no purpose in front", replace='f"csrf:{jti}"', by="jti", caught_by="test_value")
wrong("7.4", "the purpose behind", replace='f"csrf:{jti}"', by='f"{jti}:csrf"', caught_by="test_value")
wrong("7.4", "another digest", replace='"sha256").hex', by='"sha512").hex', caught_by="test_value")
wrong("7.4", "cut short", replace=".hexdigest()", by=".hexdigest()[:32]", caught_by="test_value")
wrong(
    "7.4",
    "a digest of both, which is no HMAC",
    edits=[
        ("import hmac\n", "import hashlib\nimport hmac\n"),
        (_TOKEN, 'return hashlib.sha256(f"{secret}csrf:{jti}".encode()).hexdigest()'),
    ],
    caught_by="test_value",
)
wrong(
    "7.4",
    "key and text the other way round",
    replace='hmac.new(secret.encode(), f"csrf:{jti}".encode(), "sha256")',
    by='hmac.new(f"csrf:{jti}".encode(), secret.encode(), "sha256")',
    caught_by="test_value",
)
wrong(
    "7.4",
    "random: stored nowhere, so never right",
    edits=[("import hmac\n", "import hmac\nimport secrets\n"), (_TOKEN, "return secrets.token_hex(32)")],
    caught_by="test_right",
)
wrong("7.4", "Latin-1", replace='f"csrf:{jti}".encode()', by='f"csrf:{jti}".encode("latin-1")', caught_by="test_value")
wrong(
    "7.4",
    "the same in both places is enough",
    replace=f"{_SAME} and {_OURS}",
    by=_SAME,
    caught_by="test_another_session",
)
wrong("7.4", "the cookie is not looked at", replace=f"{_SAME} and {_OURS}", by=_OURS, caught_by="test_both_places")
wrong(
    "7.4",
    "the header is not looked at",
    replace=f"{_SAME} and {_OURS}",
    by="hmac.compare_digest(cookie.encode(), expected)",
    caught_by="test_both_places",
)
wrong(
    "7.4", "one of the two", replace=f"{_SAME} and {_OURS}", by=f"{_SAME} or {_OURS}", caught_by="test_another_session"
)
wrong("7.4", "missing ones raise", replace=_NONE, by="", caught_by="test_missing")
wrong(
    "7.4",
    "missing ones are the same",
    replace=_NONE,
    by='    cookie, header = str(cookie), str(header)\n    if cookie == header == "None":\n        return True\n',
    caught_by="test_missing",
)
wrong(
    "7.4",
    "only a missing header",
    replace="cookie is None or header is None",
    by="header is None",
    caught_by="test_missing",
)
wrong(
    "7.4",
    "only a missing cookie",
    replace="cookie is None or header is None",
    by="cookie is None",
    caught_by="test_missing",
)
wrong(
    "7.4",
    "upper case is as good",
    replace="header.encode(), csrf_token",
    by="header.lower().encode(), csrf_token",
    caught_by="test_spelling",
)
wrong(
    "7.4",
    "blanks do not count",
    edits=[
        ("header.encode(), csrf_token", "header.strip().encode(), csrf_token"),
        ("cookie.encode())", "cookie.strip().encode())"),
    ],
    caught_by="test_spelling",
)
wrong(
    "7.4",
    "quotes do not count",
    edits=[
        ("header.encode(), csrf_token", "header.strip('\"').encode(), csrf_token"),
        ("cookie.encode())", "cookie.strip('\"').encode())"),
    ],
    caught_by="test_spelling",
)
wrong(
    "7.4",
    "the beginning is enough",
    replace=_OURS,
    by="hmac.compare_digest(sent[:32], expected[:32])",
    caught_by="test_spelling",
)
wrong(
    "7.4",
    "texts, which raise on é",
    edits=[
        (
            "sent, expected = header.encode(), csrf_token(jti, secret).encode()",
            "sent, expected = header, csrf_token(jti, secret)",
        ),
        ("cookie.encode())", "cookie)"),
    ],
    caught_by="test_any_character",
)
wrong(
    "7.4",
    "ASCII bytes, which raise on é",
    replace="header.encode(), csrf_token",
    by='header.encode("ascii"), csrf_token',
    caught_by="test_any_character",
)
wrong(
    "7.4",
    "what is no ASCII is left out",
    edits=[
        ("header.encode(), csrf_token", 'header.encode("ascii", "ignore"), csrf_token'),
        ("cookie.encode())", 'cookie.encode("ascii", "ignore"))'),
    ],
    caught_by="test_any_character",
)
wrong(
    "7.4",
    "two equals signs",
    replace=f"{_SAME} and {_OURS}",
    by="sent == cookie.encode() and sent == expected",
    caught_by="test_constant_time",
)
wrong("7.4", "constant time at the wrong place", replace=_OURS, by="sent == expected", caught_by="test_constant_time")
right(
    "7.4",
    "one comparison each, by name",
    regions=[
        """
        mac = hmac.new(key=secret.encode("utf-8"), digestmod="sha256")
        mac.update(b"csrf:")
        mac.update(jti.encode("utf-8"))
        return mac.hexdigest()
        """,
        """
        from secrets import compare_digest

        if not cookie or not header or not (cookie.isascii() and header.isascii()):
            return False
        expected = csrf_token(jti, secret)
        return compare_digest(cookie, expected) and compare_digest(header, expected)
        """,
    ],
)
right(
    "7.4",
    "hmac.digest, and texts that differ are out first",
    regions=[
        """
        return hmac.digest(secret.encode(), ("csrf:" + jti).encode(), "sha256").hex()
        """,
        """
        if header is None or header != cookie:
            return False
        return hmac.compare_digest(csrf_token(jti, secret).encode(), header.encode())
        """,
    ],
)

# --- 7.5 across sites ------------------------------------------------------------------------------------------------

_FORM = """    return HTMLForm(f"{BANK}/transfers", {'{"note": "': f'", {order[1:]}'}, enctype="text/plain")"""
_TURNED_AWAY = """    if sent is None or sent.text not in sessions:
        raise Refused(401)
    cookies, header"""
_WRITE = 'is_write = request.method not in ("GET", "HEAD", "OPTIONS")'
_GUARD = "    if sent.by_cookie and is_write and not csrf_matches(sent.text, SECRET, cookie=cookie, header=header):"

wrong(
    "7.5",
    "an urlencoded form",
    replace=', enctype="text/plain")',
    by=")",
    caught_by="test_paid",
)
wrong(
    "7.5",
    "JSON as enctype, which no browser knows",
    replace='enctype="text/plain"',
    by='enctype="application/json"',
    caught_by="test_paid",
)
wrong(
    "7.5",
    "fields with names, as any form",
    replace=_FORM,
    by='    return HTMLForm(f"{BANK}/transfers", {"to": to, "amount": str(amount)}, enctype="text/plain")',
    caught_by="test_paid",
)
wrong(
    "7.5",
    "the equals sign is in the way",
    replace=_FORM,
    by='    return HTMLForm(f"{BANK}/transfers", {order: ""}, enctype="text/plain")',
    caught_by="test_paid",
)
wrong(
    "7.5",
    "the amount is a text",
    replace='"amount": amount}',
    by='"amount": str(amount)}',
    caught_by="test_paid",
)
wrong(
    "7.5",
    "JSON by hand, which a quote breaks",
    replace='    order = json.dumps({"to": to, "amount": amount})',
    by="""    order = f'{{"to": "{to}", "amount": {amount}}}'""",
    caught_by="test_paid",
)
wrong("7.5", "always to Mallory", replace='{"to": to,', by='{"to": "mallory",', caught_by="test_paid")
wrong("7.5", "sent to the page's own site", replace='f"{BANK}/transfers"', by='"/transfers"', caught_by="test_paid")
wrong(
    "7.5", "sent by GET", replace='enctype="text/plain"', by='method="GET", enctype="text/plain"', caught_by="test_paid"
)
wrong(
    "7.5",
    "everything is refused",
    replace=_GUARD,
    by="    if True:",
    caught_by="test_own_pages",
)
wrong("7.5", "the hole is still there", replace=_GUARD, by="    if False:", caught_by="test_closed")
wrong(
    "7.5",
    "the content type is checked instead",
    replace=_GUARD,
    by="""    if sent.by_cookie and is_write and request.headers.get("Content-Type") != "application/json":""",
    caught_by="test_writes",
)
wrong(
    "7.5",
    "the naive double submit",
    replace="not csrf_matches(sent.text, SECRET, cookie=cookie, header=header):",
    by="(header is None or cookie != header):",
    caught_by="test_writes",
)
wrong(
    "7.5",
    "a header is enough, whatever it says",
    replace="not csrf_matches(sent.text, SECRET, cookie=cookie, header=header):",
    by="header is None:",
    caught_by="test_writes",
)
wrong(
    "7.5",
    "only where the header is there",
    replace="not csrf_matches(",
    by="header is not None and not csrf_matches(",
    caught_by="test_closed",
)
wrong(
    "7.5",
    "the cookie counts as header",
    replace="header=header):",
    by="header=header or cookie):",
    caught_by="test_closed",
)
wrong("7.5", "the header counts as cookie", replace="cookie=cookie,", by="cookie=header,", caught_by="test_writes")
wrong("7.5", "POST only", replace=_WRITE, by='is_write = request.method == "POST"', caught_by="test_writes")
wrong(
    "7.5",
    "DELETE forgotten",
    replace=_WRITE,
    by='is_write = request.method in ("POST", "PUT", "PATCH")',
    caught_by="test_writes",
)
wrong("7.5", "reads too", replace=_WRITE, by="is_write = True", caught_by="test_reads")
wrong("7.5", "HEAD is a write", replace='("GET", "HEAD", "OPTIONS")', by='("GET", "OPTIONS")', caught_by="test_reads")
wrong("7.5", "OPTIONS is a write", replace='("GET", "HEAD", "OPTIONS")', by='("GET", "HEAD")', caught_by="test_reads")
wrong("7.5", "header clients too", replace="sent.by_cookie and ", by="", caught_by="test_header")
wrong(
    "7.5",
    "whoever has the cookie, with whatever header",
    replace="if sent.by_cookie and",
    by='if request.cookies.get("session") and',
    caught_by="test_header",
)
wrong(
    "7.5",
    "the CSRF token first",
    edits=[
        (_TURNED_AWAY, """    cookies, header"""),
        (
            _GUARD,
            """    if sent is None:
        raise Refused(403 if is_write else 401)
    if sent.by_cookie and is_write and not csrf_matches(sent.text, SECRET, cookie=cookie, header=header):""",
        ),
        (
            "        raise Refused(403)\n    return sessions[sent.text]\n",
            "        raise Refused(403)\n"
            "    if sent.text not in sessions:\n        raise Refused(401)\n    return sessions[sent.text]\n",
        ),
    ],
    caught_by="test_nobody",
)
wrong(
    "7.5",
    "401 for a forged write",
    replace="        raise Refused(403)",
    by="        raise Refused(401)",
    caught_by="test_closed",
)
wrong(
    "7.5",
    "the owner in the place of the session",
    replace="csrf_matches(sent.text, SECRET",
    by="csrf_matches(sessions[sent.text], SECRET",
    caught_by="test_own_pages",
)
wrong(
    "7.5",
    "a field of the query is as good as the header",
    replace='request.headers.get("X-CSRF-Token")',
    by='request.headers.get("X-CSRF-Token") or request.query_params.get("csrf_token")',
    caught_by="test_writes",
)
wrong(
    "7.5",
    "four methods are writes",
    replace=_WRITE,
    by='is_write = request.method in ("POST", "PUT", "PATCH", "DELETE")',
    caught_by="test_writes",
)
wrong("7.5", "TRACE is a read", replace='"OPTIONS")', by='"OPTIONS", "TRACE")', caught_by="test_writes")
wrong(
    "7.5",
    "the last of two CSRF cookies",
    replace="cookies[0] if len(cookies) == 1 else None",
    by="cookies[-1] if cookies else None",
    caught_by="test_writes",
)
wrong(
    "7.5",
    "the first of two CSRF cookies",
    replace="cookies[0] if len(cookies) == 1 else None",
    by="cookies[0] if cookies else None",
    caught_by="test_writes",
)
wrong(
    "7.5",
    "Starlette's jar, which keeps the last of two",
    replace="cookies[0] if len(cookies) == 1 else None",
    by='request.cookies.get("csrf_token")',
    caught_by="test_writes",
)
wrong(
    "7.5",
    "two equal CSRF cookies are one",
    replace="if len(cookies) == 1",
    by="if len(set(cookies)) == 1",
    caught_by="test_writes",
)
wrong(
    "7.5",
    "the session's cookie out of Starlette's jar",
    edits=[
        (
            "import find_token\n",
            "import SentToken, bearer_token, find_token\n",
        ),
        (
            """    sent = find_token(request.headers, "session")
    if sent is None or sent.text not in sessions:
        raise Refused(401)
    cookies""",
            """    sent = bearer_token(request.headers)
    if sent is None and "session" in request.cookies:
        sent = SentToken(request.cookies["session"], by_cookie=True)
    if sent is None or sent.text not in sessions:
        raise Refused(401)
    cookies""",
        ),
    ],
    caught_by="test_nobody",
)
wrong(
    "7.5",
    "another exception",
    replace="        raise Refused(403)",
    by="        raise HTTPException(403)",
    caught_by="test_writes",
)
wrong(
    "7.5", "async, and nobody awaits it", replace="def caller_of(", by="async def caller_of(", caught_by="test_writes"
)
right(
    "7.5",
    "two fields, and the guard as a chain of questions",
    regions=[
        """
        first = json.dumps({"amount": amount, "to": to})[:-1] + ', "a'
        return HTMLForm(action=f"{BANK}/transfers", fields={first: '": 0}', }, method="post", enctype="text/plain")
        """,
        """
        name = caller_with_the_hole(request, sessions)
        sent = find_token(request.headers, "session")
        assert sent is not None
        if not sent.by_cookie or request.method in {"GET", "HEAD", "OPTIONS"}:
            return name
        cookies = cookie_values(request.headers, "csrf_token")
        if csrf_matches(
            sent.text,
            SECRET,
            header=request.headers.get("x-csrf-token"),
            cookie=cookies[0] if len(cookies) == 1 else "",
        ):
            return name
        raise Refused(403)
        """,
    ],
)
right(
    "7.5",
    "the equals sign in a name",
    regions=[
        """
        text = json.dumps({"x": "=", "to": to, "amount": amount})
        name, value = text.split("=", 1)
        return HTMLForm(BANK + "/transfers", {name: value}, "post", "TEXT/PLAIN")
        """,
        """
        token = find_token(request.headers, "session")
        caller = sessions.get(token.text) if token else None
        if token is None or caller is None:
            raise Refused(401)
        cookies = [*cookie_values(request.headers, "csrf_token"), None]
        forged = not csrf_matches(
            token.text,
            SECRET,
            cookie=None if len(cookies) > 2 else cookies[0],
            header=request.headers.get("X-CSRF-Token"),
        )
        if forged and token.by_cookie and request.method.upper() not in {"GET", "HEAD", "OPTIONS"}:
            raise Refused(403)
        return caller
        """,
    ],
)
