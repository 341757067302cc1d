"""Wrong and alternative right answers to the exercises of chapter 05."""

from coursekit.answers import right, wrong

# --- 5.1 read an origin ----------------------------------------------------------------------------------------------

_PATTERN = r'r"(https?)://([\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?"'
_FLAGS = "re.ASCII | re.IGNORECASE"

for what, pattern, caught_by in (
    ("a slash behind it is allowed", r'r"(https?)://([\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?/?"', "test_nothing_around"),
    ("any scheme", r'r"([a-z]+)://([\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?"', "test_no_origin"),
    ("any host without a slash", r'r"(https?)://([^/:]+)(?::(\d{1,5}))?"', "test_nothing_around"),
    ("dots wherever they come", r'r"(https?)://([\w.-]+)(?::(\d{1,5}))?"', "test_hosts"),
    ("a star as a label", r'r"(https?)://((?:\*\.)?[\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?"', "test_hosts"),
    ("a host needs a dot", r'r"(https?)://([\w-]+(?:\.[\w-]+)+)(?::(\d{1,5}))?"', "test_origins"),
    (
        "no underscores, no digits first",
        r'r"(https?)://([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)(?::(\d{1,5}))?"',
        "test_origins",
    ),
    ("no hyphen first", r'r"(https?)://(\w[\w-]*(?:\.\w[\w-]*)*)(?::(\d{1,5}))?"', "test_origins"),
    ("no hyphen last", r'r"(https?)://([\w-]*\w(?:\.[\w-]*\w)*)(?::(\d{1,5}))?"', "test_origins"),
    ("labels of 63 at most", r'r"(https?)://([\w-]{1,63}(?:\.[\w-]{1,63})*)(?::(\d{1,5}))?"', "test_origins"),
    ("a port of no digits", r'r"(https?)://([\w-]+(?:\.[\w-]+)*)(?::(\d{0,5}))?"', "test_bad_ports"),
    ("a port of any length", r'r"(https?)://([\w-]+(?:\.[\w-]+)*)(?::(\d+))?"', "test_bad_ports"),
    ("https without a port only", r'r"(https)://([\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?"', "test_origins"),
):
    wrong("5.1", what, replace=_PATTERN, by=pattern, caught_by=caught_by)
wrong("5.1", "only the beginning is matched", replace="re.fullmatch", by="re.match", caught_by="test_nothing_around")
wrong(
    "5.1",
    "the end is a dollar",
    edits=[("re.fullmatch", "re.match"), (_PATTERN, _PATTERN[:-1] + '$"')],
    caught_by="test_nothing_around",
)
wrong("5.1", "letters and digits of the whole world", replace=_FLAGS, by="re.IGNORECASE", caught_by="test_hosts")
wrong("5.1", "lower case only", replace=_FLAGS, by="re.ASCII", caught_by="test_case")
wrong(
    "5.1",
    "lower case before it is looked at",
    edits=[("text, re.ASCII | re.IGNORECASE", "text.lower(), re.ASCII")],
    caught_by="test_hosts",
)
wrong(
    "5.1",
    "blanks do not count",
    replace=f"text, {_FLAGS}",
    by=f"text.strip(), {_FLAGS}",
    caught_by="test_nothing_around",
)
wrong(
    "5.1",
    "the case stays",
    replace="parts[1].lower(), parts[2].lower()",
    by="parts[1].lower(), parts[2]",
    caught_by="test_case",
)
wrong(
    "5.1",
    "the scheme's case decides over its port",
    edits=[
        ("parts[1].lower(), parts[2].lower()", "parts[1], parts[2].lower()"),
        ("DEFAULT_PORTS[scheme])\n", "DEFAULT_PORTS[scheme.lower()])\n"),
        ("if port == DEFAULT_PORTS[scheme] else", "if port == DEFAULT_PORTS[scheme.lower()] else"),
    ],
    caught_by="test_case",
)
wrong(
    "5.1",
    "80 and 443 are nobody's and everybody's",
    replace="if port == DEFAULT_PORTS[scheme] else",
    by="if port in DEFAULT_PORTS.values() else",
    caught_by="test_ports",
)
wrong(
    "5.1",
    "the port always stays",
    replace='return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"',
    by='return f"{scheme}://{host}" if parts[3] is None else f"{scheme}://{host}:{port}"',
    caught_by="test_ports",
)
wrong(
    "5.1",
    "the port goes always",
    replace='return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"',
    by='return f"{scheme}://{host}"',
    caught_by="test_ports",
)
wrong(
    "5.1",
    "the port is compared as text",
    replace='return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"',
    by='''given = parts[3] or ""
    return f"{scheme}://{host}" if given in ("", str(DEFAULT_PORTS[scheme])) else f"{scheme}://{host}:{given}"''',
    caught_by="test_ports",
)
wrong(
    "5.1", "port 0", replace="if not 1 <= port <= 65535:", by="if not 0 <= port <= 65535:", caught_by="test_bad_ports"
)
wrong("5.1", "ports without end", replace="if not 1 <= port <= 65535:", by="if port < 1:", caught_by="test_bad_ports")
wrong(
    "5.1",
    "a text of its own for ports",
    replace="    if not 1 <= port <= 65535:\n        raise ValueError(NO_ORIGIN)",
    by='    if not 1 <= port <= 65535:\n        raise ValueError("no such port")',
    caught_by="test_bad_ports",
)
wrong(
    "5.1",
    "a parser of URLs that forgives",
    region="""
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError(NO_ORIGIN)
    if parts.port in (None, DEFAULT_PORTS[parts.scheme]):
        return f"{parts.scheme}://{parts.hostname}"
    return f"{parts.scheme}://{parts.hostname}:{parts.port}"
""",
    caught_by="test_nothing_around",
)
wrong(
    "5.1",
    "the slash is cut off",
    replace="parts = re.fullmatch(",
    by='text = text.rstrip("/")\n    parts = re.fullmatch(',
    caught_by="test_nothing_around",
)
right(
    "5.1",
    "cut with partition",
    region="""
    scheme, _, rest = text.partition("://")
    host, colon, port = rest.partition(":")
    letters = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    digits = set("0123456789")
    known = scheme in ("http", "https") or (scheme.isascii() and scheme.lower() in ("http", "https"))
    fine = known and all(label and set(label) <= letters for label in host.split("."))
    if colon:
        fine = fine and 1 <= len(port) <= 5 and set(port) <= digits and 1 <= int(port) <= 65535
    if not fine:
        raise ValueError(NO_ORIGIN)
    scheme, host = scheme.lower(), host.lower()
    if colon and int(port) != DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}:{int(port)}"
    return f"{scheme}://{host}"
""",
)
right(
    "5.1",
    "a pattern with names, the port judged by it",
    region=r"""
    match = re.match(
        r"\A(?P<scheme>[hH][tT][tT][pP][sS]?)://(?P<host>[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)(:(?P<port>[0-9]{1,5}))?\Z",
        text,
    )
    if not match or (match["port"] and not 0 < int(match["port"]) < 2**16):
        raise ValueError(NO_ORIGIN)
    origin = f"{match['scheme']}://{match['host']}".lower()
    own = {"http": 80, "https": 443}[match["scheme"].lower()]
    return origin if not match["port"] or int(match["port"]) == own else f"{origin}:{int(match['port'])}"
""",
)

# --- 5.2 the policy --------------------------------------------------------------------------------------------------

_STAR = """    if "*" in origins:
        return {"Access-Control-Allow-Origin": "*"}
"""
_NAMED = '{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}'
_UNKNOWN = "if origin is None or origin not in origins:"
wrong(
    "5.2",
    "everybody is repeated, with credentials",
    replace=_STAR,
    by=f"""    if "*" in origins:
        return {_NAMED} if origin else {{}}
""",
    caught_by="test_every_origin",
)
wrong(
    "5.2",
    "* with credentials",
    replace='return {"Access-Control-Allow-Origin": "*"}',
    by='return {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}',
    caught_by="test_every_origin",
)
wrong("5.2", "* is an origin like others", replace=_STAR, by="", caught_by="test_every_origin")
wrong(
    "5.2",
    "credentials for those who are named beside *",
    replace=_STAR,
    by="""    if "*" in origins and origin not in origins:
        return {"Access-Control-Allow-Origin": "*"}
""",
    caught_by="test_every_origin",
)
wrong(
    "5.2",
    "* for those who ask only",
    replace='if "*" in origins:',
    by='if "*" in origins and origin:',
    caught_by="test_every_origin",
)
wrong(
    "5.2",
    "no credentials",
    replace=', "Access-Control-Allow-Credentials": "true"}',
    by="}",
    caught_by="test_allowed_origin",
)
wrong(
    "5.2",
    "True with a capital",
    replace='"Access-Control-Allow-Credentials": "true"',
    by='"Access-Control-Allow-Credentials": "True"',
    caught_by="test_allowed_origin",
)
wrong(
    "5.2",
    "the whole list in one header",
    replace=_NAMED,
    by='{"Access-Control-Allow-Origin": ", ".join(origins), "Access-Control-Allow-Credentials": "true"}',
    caught_by="test_allowed_origin",
)
wrong(
    "5.2",
    "credentials for strangers",
    replace="        return {}\n",
    by='        return {"Access-Control-Allow-Credentials": "true"}\n',
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "null for strangers",
    replace="        return {}\n",
    by='        return {"Access-Control-Allow-Origin": "null"}\n',
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "None for strangers",
    replace="        return {}\n",
    by="        return None\n",
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "the first of the list for strangers",
    replace="        return {}\n",
    by='        return {"Access-Control-Allow-Origin": next(iter(origins))} if origins else {}\n',
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "a part of an origin will do",
    replace=_UNKNOWN,
    by="if origin is None or not any(origin in allowed for allowed in origins):",
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "the beginning will do",
    replace=_UNKNOWN,
    by="if origin is None or not origin.startswith(tuple(origins)):",
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "the end will do",
    replace=_UNKNOWN,
    by='if origin is None or not any(origin.endswith(allowed.partition("://")[2]) for allowed in origins):',
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "capitals do not matter",
    replace=_UNKNOWN,
    by="if origin is None or origin.lower() not in origins:",
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "a slash does not matter",
    replace=_UNKNOWN,
    by='if origin is None or origin.rstrip("/") not in origins:',
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "nothing configured, everybody allowed",
    replace='if "*" in origins:',
    by='if "*" in origins or not origins:',
    caught_by="test_other_origins",
)
wrong(
    "5.2",
    "null is nobody, so harmless",
    replace=_UNKNOWN,
    by='if origin is None or origin not in (*origins, "null"):',
    caught_by="test_other_origins",
)

_METHOD = 'preflight["Access-Control-Request-Method"] in METHODS'
wrong(
    "5.2",
    "patch is PATCH",
    replace=_METHOD,
    by='preflight["Access-Control-Request-Method"].upper() in METHODS',
    caught_by="test_methods",
)
wrong(
    "5.2",
    "a part of the list",
    replace=_METHOD,
    by='preflight["Access-Control-Request-Method"] in ", ".join(METHODS)',
    caught_by="test_methods",
)
wrong("5.2", "any method", replace=_METHOD, by="True", caught_by="test_methods")
wrong(
    "5.2",
    "OPTIONS too",
    replace=_METHOD,
    by=_METHOD.replace("METHODS", '(*METHODS, "OPTIONS")'),
    caught_by="test_methods",
)
_HEADERS = "all(name.strip().lower() in allowed for name in asked)"
wrong(
    "5.2",
    "the case of headers counts",
    edits=[
        ("name.strip().lower() in allowed", "name.strip() in allowed"),
        (
            "*(name.lower() for name in (*REQUEST_HEADERS, *SAFELISTED_HEADERS))",
            "*REQUEST_HEADERS, *SAFELISTED_HEADERS",
        ),
    ],
    caught_by="test_headers",
)
wrong(
    "5.2",
    "lower case against capitals",
    replace="*(name.lower() for name in (*REQUEST_HEADERS, *SAFELISTED_HEADERS))",
    by="*REQUEST_HEADERS, *SAFELISTED_HEADERS",
    caught_by="test_headers",
)
wrong("5.2", "blanks count", replace="name.strip().lower()", by="name.lower()", caught_by="test_headers")
wrong("5.2", "a comma and a blank part them", replace='.split(",")', by='.split(", ")', caught_by="test_headers")
wrong(
    "5.2",
    "empty entries are unknown headers",
    replace='{"", *(',
    by="{*(",
    caught_by="test_headers",
)
wrong(
    "5.2",
    "no header list, KeyError",
    replace='preflight.get("Access-Control-Request-Headers", "")',
    by='preflight["Access-Control-Request-Headers"]',
    caught_by="test_headers",
)
wrong(
    "5.2",
    "one known header is enough",
    replace=_HEADERS,
    by=_HEADERS.replace("all(", "any("),
    caught_by="test_other_headers",
)
wrong(
    "5.2",
    "only the first is looked at",
    replace=_HEADERS,
    by="asked[0].strip().lower() in allowed",
    caught_by="test_other_headers",
)
wrong(
    "5.2",
    "a part of a name",
    replace=_HEADERS,
    by='all(name.strip().lower() in ",".join(allowed) for name in asked)',
    caught_by="test_other_headers",
)
wrong(
    "5.2",
    "the safelisted headers are refused",
    replace="(*REQUEST_HEADERS, *SAFELISTED_HEADERS))}",
    by="REQUEST_HEADERS)}",
    caught_by="test_headers",
)
wrong(
    "5.2",
    "what begins as a safelisted header does",
    replace=_HEADERS,
    by='all(name.strip().lower() in allowed or name.strip().lower().startswith("accept") for name in asked)',
    caught_by="test_other_headers",
)
wrong(
    "5.2",
    "a fault for each header",
    replace="return [what for what, fine in judged.items() if not fine]",
    by="""faults = [what for what, fine in judged.items() if not fine]
    return faults + ["headers" for name in asked if name.strip().lower() not in allowed][1:]""",
    caught_by="test_other_headers",
)
wrong(
    "5.2",
    "no Vary",
    replace='self.varies_by = ["Origin"] if self.origins and "*" not in self.origins else []',
    by="self.varies_by = []",
    caught_by="test_in_the_middleware",
)
wrong(
    "5.2",
    "Vary for allowed pages only",
    replace="if varies_by:",
    by="if varies_by and allowed:",
    caught_by="test_in_the_middleware",
)
wrong(
    "5.2",
    "Vary for those who say an Origin",
    replace="if varies_by:",
    by='if varies_by and "Origin" in request:',
    caught_by="test_in_the_middleware",
)
wrong("5.2", "the star too", replace='{"", *(', by='{"", "*", *(', caught_by="test_other_headers")
_FAULTS = "return [what for what, fine in judged.items() if not fine]"
wrong("5.2", "only the first fault", replace=_FAULTS, by=_FAULTS + "[:1]", caught_by="test_all_faults")
wrong(
    "5.2",
    "in the order of the alphabet",
    replace=_FAULTS,
    by="return sorted(what for what, fine in judged.items() if not fine)",
    caught_by="test_all_faults",
)
wrong(
    "5.2",
    "what is fine",
    replace=_FAULTS,
    by="return [what for what, fine in judged.items() if fine]",
    caught_by="test_all_faults",
)
wrong(
    "5.2",
    "the star is forgotten in preflights",
    replace='permission(preflight["Origin"], origins) != {}',
    by='preflight["Origin"] in origins',
    caught_by="test_all_faults",
)
wrong(
    "5.2",
    "the origin is never asked for",
    replace='permission(preflight["Origin"], origins) != {}',
    by="True",
    caught_by="test_all_faults",
)
right(
    "5.2",
    "faults appended one by one",
    regions=[
        """
        if "*" in set(origins):
            return dict([("Access-Control-Allow-Origin", "*")])
        headers = {}
        if origin in origins:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Credentials"] = "true"
        return headers
        """,
        """
        faults = []
        if not permission(preflight.get("origin"), origins):
            faults.append("origin")
        if preflight["access-control-request-method"] not in METHODS:
            faults.append("method")
        asked = preflight.get("access-control-request-headers") or ""
        wanted = {name.strip(" \\t").lower() for name in asked.split(",")} - {""}
        if wanted - {name.lower() for name in REQUEST_HEADERS + SAFELISTED_HEADERS}:
            faults.append("headers")
        return faults
        """,
    ],
)
right(
    "5.2",
    "a match statement and a pattern",
    regions=[
        """
        match ("*" in origins, origin):
            case (True, _):
                return {"Access-Control-Allow-Origin": "*"}
            case (False, str(named)) if any(named == allowed for allowed in origins):
                return {"Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Origin": named}
        return {}
        """,
        """
        import re

        known = {name.casefold() for names in (REQUEST_HEADERS, SAFELISTED_HEADERS) for name in names}
        names = re.findall(r"[^,]+", preflight.get("Access-Control-Request-Headers", ""))
        everybody = "*" in origins
        return [
            *(["origin"] if not everybody and preflight["Origin"] not in origins else []),
            *(["method"] if METHODS.count(preflight["Access-Control-Request-Method"]) == 0 else []),
            *(["headers"] if any(name.strip() and name.strip().casefold() not in known for name in names) else []),
        ]
        """,
    ],
)

right(
    "5.2",
    "names of headers in lower case, a list of a class of its own",
    regions=[
        """
        headers = {}
        if "*" in origins:
            headers["access-control-allow-origin"] = "*"
        elif any(origin == allowed for allowed in origins):
            headers["access-control-allow-origin"] = str(origin)
            headers["access-control-allow-credentials"] = "true"
        return headers
        """,
        """
        class Faults(list[str]):
            def note(self, what: str, fine: bool) -> None:
                if not fine:
                    self.append(what)

        known = {name.lower() for name in (*REQUEST_HEADERS, *SAFELISTED_HEADERS, "")}
        asked = preflight.get("access-control-request-headers", "").lower().split(",")
        faults = Faults()
        faults.note("origin", bool(permission(preflight["origin"], origins)))
        faults.note("method", preflight["access-control-request-method"] in METHODS)
        faults.note("headers", {name.strip() for name in asked} <= known)
        return faults
        """,
    ],
)

# --- 5.3 test what a script reads ------------------------------------------------------------------------------------

wrong(
    "5.3",
    "without credentials",
    edits=[
        (
            'read = await Page("https://shop.example", client).fetch(url, credentials="include")',
            'read = await Page("https://shop.example", client).fetch(url)',
        )
    ],
    caught_by="test_star",
)
wrong(
    "5.3",
    "one path is enough",
    replace="for path, names in NEEDED.items():",
    by="for path, names in list(NEEDED.items())[:1]:",
    caught_by="test_not_exposed",
)
wrong(
    "5.3",
    "errors are left out",
    replace="for path, names in NEEDED.items():",
    by="for path, names in list(NEEDED.items())[:3]:",
    caught_by="test_not_exposed",
)
wrong(
    "5.3",
    "one readable header is enough",
    replace="assert names <= read.headers.keys()",
    by="assert names & read.headers.keys()",
    caught_by="test_not_exposed",
)
wrong(
    "5.3",
    "no header is looked at",
    replace="        assert names <= read.headers.keys()\n",
    by="",
    caught_by="test_not_exposed",
)
wrong(
    "5.3",
    "strangers are not tried",
    replace="        assert stranger.blocked is not None\n",
    by="",
    caught_by="test_strangers",
)
wrong(
    "5.3",
    "a stranger's headers instead of the answer",
    replace="assert stranger.blocked is not None",
    by="assert not names & stranger.headers.keys()",
    caught_by="test_strangers",
)
wrong(
    "5.3",
    "a stranger without credentials",
    edits=[
        (
            'stranger = await Page("https://evil.example", client).fetch(url, credentials="include")',
            'stranger = await Page("https://evil.example", client).fetch(url)',
        ),
        ("assert stranger.blocked is not None", "assert stranger.status is None or stranger.status == 429"),
    ],
    caught_by="test_strangers",
)
wrong(
    "5.3",
    "only successes are fine",
    replace="assert read.blocked is None",
    by="assert read.blocked is None and read.status == 200",
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "no other header may be readable",
    replace="assert names <= read.headers.keys()",
    by="assert names == read.headers.keys()",
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "the headers of the client, not of the script",
    region="""
    for path, names in NEEDED.items():
        response = await client.get(path, headers={"Origin": "https://shop.example"})
        assert names <= set(response.headers)
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        stranger = await client.get(path, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in stranger.headers
""",
    caught_by="test_not_exposed",
)
_BY_HAND = """
    for path, names in NEEDED.items():
        response = await client.get(path, headers={"Origin": "https://shop.example"})
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = response.headers["Access-Control-Expose-Headers"]
        assert EXPOSED
        stranger = await client.get(path, headers={"Origin": "https://evil.example"})
        assert STRANGER
"""
_STRANGER_BLOCKED = """
        named = stranger.headers.get("Access-Control-Allow-Origin") == "https://evil.example"
        assert not (named and stranger.headers.get("Access-Control-Allow-Credentials") == "true")
""".strip()
_STRICT = _BY_HAND.replace("assert STRANGER", _STRANGER_BLOCKED)
wrong(
    "5.3",
    "the spelling is tested",
    region=_STRICT.replace(
        "assert EXPOSED", 'assert exposed == "ETag, Location, Retry-After, X-Request-ID, Content-Disposition"'
    ),
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "the case is tested",
    region=_STRICT.replace("assert EXPOSED", 'assert names <= {name.strip() for name in exposed.split(",")}'),
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "a name somewhere in the text",
    region=_STRICT.replace("assert EXPOSED", "assert all(name in exposed.lower() for name in names)"),
    caught_by="test_not_exposed",
)
wrong(
    "5.3",
    "asserts nothing that can fail",
    region="""
    for path in NEEDED:
        read = await Page("https://shop.example", client).fetch(f"https://course.test{path}", credentials="include")
        assert read is not None
""",
    caught_by="test_not_exposed",
)
wrong(
    "5.3",
    "a preflight is looked at",
    region="""
    asking = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    for path, names in NEEDED.items():
        response = await client.options(path, headers=asking)
        exposed = response.headers["Access-Control-Expose-Headers"].lower().split(",")
        assert names <= {name.strip() for name in exposed}
        stranger = await Page("https://evil.example", client).fetch(f"https://course.test{path}")
        assert stranger.blocked
""",
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "a URL of the page's own origin, where there is no CORS",
    replace='url = f"https://course.test{path}"',
    by="url = path",
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "a stranger on the first path only",
    replace="assert stranger.blocked is not None",
    by='assert stranger.blocked is not None or path != "/items/1"',
    caught_by="test_strangers",
)
right(
    "5.3",
    "by hand",
    region=_STRICT.replace("assert EXPOSED", 'assert names <= {name.strip().lower() for name in exposed.split(",")}'),
)
for what, line in (
    ("strangers get no header at all", 'assert "Access-Control-Allow-Origin" not in stranger.headers'),
    ("strangers are not named", 'assert stranger.headers.get("Access-Control-Allow-Origin") != "https://evil.example"'),
    (
        "strangers read *",
        'assert stranger.headers.get("Access-Control-Allow-Origin") in (None, "https://shop.example")',
    ),
):
    wrong(
        "5.3",
        what,
        region=_BY_HAND.replace("assert STRANGER", line).replace(
            "assert EXPOSED", 'assert names <= {name.strip().lower() for name in exposed.split(",")}'
        ),
        caught_by="test_right_apis",
    )
wrong(
    "5.3",
    "the reason is tested",
    replace="assert stranger.blocked is not None",
    by='assert stranger.blocked == "there is no Access-Control-Allow-Origin"',
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "a stranger without credentials, who may read *",
    edits=[
        (
            'stranger = await Page("https://evil.example", client).fetch(url, credentials="include")',
            'stranger = await Page("https://evil.example", client).fetch(url)',
        )
    ],
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "with HEAD",
    replace='read = await Page("https://shop.example", client).fetch(url, credentials="include")',
    by='read = await Page("https://shop.example", client).fetch(url, "HEAD", credentials="include")',
    caught_by="test_right_apis",
)
wrong(
    "5.3",
    "a skip",
    region="""
    import pytest

    pytest.skip("later")
""",
    caught_by="test_right_apis",
)
right(
    "5.3",
    "in two rounds, through a helper",
    region="""
    async def seen(origin: str, path: str) -> set[str] | None:
        fetched = await Page(origin, client).fetch("https://course.test" + path, "GET", credentials="include")
        return None if fetched.status is None else set(fetched.headers)

    for path in NEEDED:
        assert await seen("https://evil.example", path) is None, path
    for path, names in NEEDED.items():
        there = await seen("https://shop.example", path)
        missing = names - (there or set())
        assert not missing, f"{path}: {sorted(missing)}"
""",
)

# --- 5.4 a pattern ---------------------------------------------------------------------------------------------------

_WHOLE = r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\Z"'
for what, pattern, caught_by in (
    ("the domain is not escaped", r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}\.{domain}\Z"', "test_characters_mean_themselves"),
    (
        "the dot before it is not",
        r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}.{re.escape(domain)}\Z"',
        "test_characters_mean_themselves",
    ),
    ("no dot at all", r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}.*{re.escape(domain)}\Z"', "test_other_hosts"),
    ("anything in front of the domain", r'rf"\Ahttps://.*\.{re.escape(domain)}\Z"', "test_other_hosts"),
    ("no ends", r'rf"https://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}"', "test_ends"),
    ("no beginning", r'rf"https://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\Z"', "test_ends"),
    ("no end", r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}"', "test_ends"),
    ("a dollar at the end", r'rf"^https://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}$"', "test_ends"),
    ("a carriage return", r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\r?\Z"', "test_ends"),
    ("ends of lines", r'rf"(?m)^https://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}$"', "test_ends"),
    ("a port, perhaps", r'rf"\Ahttps://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}(:[0-9]+)?\Z"', "test_ends"),
    ("zero, and zeros in front", r'rf"\Ahttps://pr-[0-9]{{1,5}}\.{re.escape(domain)}\Z"', "test_numbers"),
    ("numbers of any length", r'rf"\Ahttps://pr-[1-9][0-9]*\.{re.escape(domain)}\Z"', "test_numbers"),
    ("two digits at least", r'rf"\Ahttps://pr-[1-9][0-9]{{1,4}}\.{re.escape(domain)}\Z"', "test_previews"),
    ("four digits at most", r'rf"\Ahttps://pr-[1-9][0-9]{{0,3}}\.{re.escape(domain)}\Z"', "test_previews"),
    ("digits of the whole world", r'rf"\Ahttps://pr-[1-9]\d{{0,4}}\.{re.escape(domain)}\Z"', "test_numbers"),
    ("http too", r'rf"\Ahttps?://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\Z"', "test_scheme_and_case"),
    ("capitals too", r'rf"(?i)\Ahttps://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\Z"', "test_scheme_and_case"),
    ("the scheme is left out", r'rf"\A(https://)?pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\Z"', "test_scheme_and_case"),
    ("the domain itself too", r'rf"\Ahttps://(pr-[1-9][0-9]{{0,4}}\.)?{re.escape(domain)}\Z"', "test_other_hosts"),
    ("everything escaped", r're.escape(f"https://pr-[1-9][0-9]{{0,4}}.{domain}")', "test_previews"),
    ("one domain for all", r'r"\Ahttps://pr-[1-9][0-9]{0,4}\.shop\.example\Z"', "test_previews"),
    ("the braces of an f-string", r'rf"\Ahttps://pr-[1-9][0-9]{0,4}\.{re.escape(domain)}\Z"', "test_previews"),
    (
        "an alternative without brackets",
        r'rf"\Ahttps://pr-[1-9]|[1-9][0-9]{{1,4}}\.{re.escape(domain)}\Z"',
        "test_previews",
    ),
    ("a compiled pattern", r're.compile(rf"\Ahttps://pr-[1-9][0-9]{{0,4}}\.{re.escape(domain)}\Z")', "test_previews"),
):
    wrong("5.4", what, replace=_WHOLE, by=pattern, caught_by=caught_by)
right(
    "5.4",
    "put together from parts",
    region=r"""
    number = "[1-9]" + "[0-9]?" * 4
    return "^" + re.escape("https://pr-") + number + re.escape("." + domain) + r"(?![\s\S])"
""",
)
right(
    "5.4",
    "only dots and hyphens escaped",
    region=r"""
    escaped = domain.replace(".", r"\.").replace("-", r"\-")
    return r"\Ahttps://pr-(?:[1-9]|[1-9][0-9]{1,4})\." + escaped + r"\Z"
""",
)
right(
    "5.4",
    "ASCII digits by a flag",
    region=r"""
    return r"(?a)\Ahttps://pr-(?!0)\d{1,5}[.]%s\Z" % re.escape(domain)
""",
)

# --- 5.5 the answer nobody reads -------------------------------------------------------------------------------------

_ATTACK = 'return {"method": "POST", "body": json.dumps({"to": to, "pounds": 100}), "credentials": "include"}'
wrong(
    "5.5",
    "as JSON, which asks first",
    replace='"credentials": "include"}',
    by='"credentials": "include", "headers": {"Content-Type": "application/json"}}',
    caught_by="test_attack",
)
wrong("5.5", "without the cookie", replace=', "credentials": "include"}', by="}", caught_by="test_attack")
wrong(
    "5.5",
    "the default, same-origin",
    replace='"credentials": "include"',
    by='"credentials": "same-origin"',
    caught_by="test_attack",
)
wrong("5.5", "with a GET", replace='"method": "POST", "body"', by='"method": "GET", "body"', caught_by="test_attack")
wrong(
    "5.5",
    "with a header of one's own",
    replace='"credentials": "include"}',
    by='"credentials": "include", "headers": {"X-Requested-With": "fetch"}}',
    caught_by="test_attack",
)
wrong(
    "5.5",
    "as a form, which is no JSON",
    replace='"body": json.dumps({"to": to, "pounds": 100})',
    by='"body": {"to": to, "pounds": "100"}',
    caught_by="test_attack",
)
wrong("5.5", "always to eve", replace='{"to": to,', by='{"to": "eve",', caught_by="test_attack")
wrong(
    "5.5",
    "the cookie in a header, which is dropped",
    replace='"credentials": "include"}',
    by='"headers": {"Cookie": "session=ada"}}',
    caught_by="test_attack",
)
wrong("5.5", "a pound", replace='"pounds": 100', by='"pounds": 1', caught_by="test_attack")
_WRITES = 'scope["method"] not in ("GET", "HEAD", "OPTIONS")'
wrong(
    "5.5",
    "POST alone is a write",
    replace=_WRITES,
    by='scope["method"] == "POST"',
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "a part of the methods' names is one of them",
    replace=_WRITES,
    by='scope["method"] not in "GET, HEAD, OPTIONS"',
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "only the route there is",
    replace=_WRITES,
    by=f'{_WRITES} and scope["path"] == "/transfer"',
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "one refusal, and nobody writes any more",
    replace='app = PlainTextResponse("This page may not do that.", status_code=403)',
    by="""self.origins = frozenset()
                app = PlainTextResponse("This page may not do that.", status_code=403)""",
    caught_by="test_one_after_the_other",
)
wrong(
    "5.5",
    "the usual four are writes",
    replace=_WRITES,
    by='scope["method"] in ("POST", "PUT", "PATCH", "DELETE")',
    caught_by="test_strangers_write_nothing",
)
wrong("5.5", "everything is a write", replace=f" and {_WRITES}", by="", caught_by="test_reading")
wrong("5.5", "HEAD is a write", replace='("GET", "HEAD", "OPTIONS")', by='("GET", "OPTIONS")', caught_by="test_reading")
wrong("5.5", "OPTIONS is a write", replace='("GET", "HEAD", "OPTIONS")', by='("GET", "HEAD")', caught_by="test_reading")
_STRANGER = "if origin is not None and origin not in self.origins:"
wrong(
    "5.5",
    "an empty Origin is none",
    replace=_STRANGER,
    by="if origin and origin not in self.origins:",
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "null is no origin",
    replace=_STRANGER,
    by='if origin not in (None, "null") and origin not in self.origins:',
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "programs are strangers",
    replace=_STRANGER,
    by="if origin not in self.origins:",
    caught_by="test_programs_write",
)
wrong(
    "5.5",
    "the end will do",
    replace=_STRANGER,
    by='if origin is not None and not origin.endswith("bank.example"):',
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "the beginning will do",
    replace=_STRANGER,
    by="if origin is not None and not origin.startswith(tuple(self.origins)):",
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "two origins that are written down",
    replace=_STRANGER,
    by="if origin is not None and origin not in ORIGINS:",
    caught_by="test_own_pages_write",
)
wrong(
    "5.5",
    "the case does not count",
    replace=_STRANGER,
    by="if origin is not None and origin.lower() not in self.origins:",
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "JSON is safe anyway",
    replace=_STRANGER,
    by="""content_type = Headers(scope=scope).get("Content-Type", "")
            if origin is not None and origin not in self.origins and content_type != "application/json":""",
    caught_by="test_closed",
)
wrong(
    "5.5",
    "whoever has a token is no stranger",
    replace=_STRANGER,
    by="""signed_in = "Authorization" in Headers(scope=scope)
            if origin is not None and origin not in self.origins and not signed_in:""",
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "the address of the request itself is allowed",
    replace=_STRANGER,
    by="""own = f"https://{Headers(scope=scope).get('Host')}"
            if origin is not None and origin not in (own, *self.origins):""",
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "an Origin is UTF-8",
    replace='origin = Headers(scope=scope).get("Origin")',
    by='origin = next((value.decode() for name, value in scope["headers"] if name == b"origin"), None)',
    caught_by="test_strangers_write_nothing",
)
wrong(
    "5.5",
    "waits for something that never comes",
    replace="        await app(scope, receive, send)\n",
    by="""        import asyncio

        await asyncio.sleep(1000)
""",
    caught_by="test_own_pages_write",
)
wrong(
    "5.5",
    "the content type decides",
    replace=_STRANGER,
    by='if not Headers(scope=scope).get("Content-Type", "").startswith("application/json"):',
    caught_by="test_closed",
)
wrong(
    "5.5",
    "the Referer decides",
    replace='Headers(scope=scope).get("Origin")',
    by='Headers(scope=scope).get("Referer")',
    caught_by="test_closed",
)
wrong(
    "5.5",
    "only HTTP gets through",
    edits=[
        (
            "        await app(scope, receive, send)\n",
            '        if scope["type"] == "http":\n            await app(scope, receive, send)\n',
        )
    ],
    caught_by="test_not_http",
)
wrong(
    "5.5",
    "a method for everything",
    replace=f'scope["type"] == "http" and {_WRITES}',
    by=_WRITES,
    caught_by="test_not_http",
)
wrong(
    "5.5",
    "the app runs before it is refused",
    replace='app = PlainTextResponse("This page may not do that.", status_code=403)',
    by="""
                async def discard(message: Any) -> None: ...

                await self.app(scope, receive, discard)
                app = PlainTextResponse("This page may not do that.", status_code=403)""",
    caught_by="test_closed",
)
wrong(
    "5.5", "401, as if it helped to sign in", replace="status_code=403", by="status_code=401", caught_by="test_closed"
)
wrong(
    "5.5",
    "raises",
    replace='app = PlainTextResponse("This page may not do that.", status_code=403)',
    by='raise PermissionError("This page may not do that.")',
    caught_by="test_closed",
)
wrong(
    "5.5",
    "the body is read on the way",
    replace="        await app(scope, receive, send)\n",
    by="""        if scope["type"] == "http":
            await Request(scope, receive).body()
        await app(scope, receive, send)
""",
    caught_by="test_own_pages_write",
)
right(
    "5.5",
    "text/plain said aloud, early returns",
    regions=[
        """
    order = json.dumps({"pounds": 100, "to": to}).encode()
    return {"method": "post", "headers": {"content-type": "text/plain"}, "body": order, "credentials": "include"}
    """,
        """
    if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        await self.app(scope, receive, send)
        return
    origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
    if all(origin in self.origins for origin in origins):
        await self.app(scope, receive, send)
        return
    await JSONResponse({"detail": "no"}, 403)(scope, receive, send)
    """,
    ],
)
right(
    "5.5",
    "a form's content type that holds JSON",
    regions=[
        """
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    return dict(method="POST", headers=form, body=json.dumps(dict(to=to, pounds=100)), credentials="include")
    """,
        """
    reading = scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS")
    if reading or Headers(scope=scope).get("origin") in {None, *self.origins}:
        return await self.app(scope, receive, send)
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
    """,
    ],
)
