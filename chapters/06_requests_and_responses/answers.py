"""Wrong and alternative right answers to the exercises of chapter 06."""

from textwrap import dedent, indent

from coursekit.answers import right, wrong

# --- 6.1 a password policy -------------------------------------------------------------------------------------------

for what, old, new, caught_by in (
    ("capitals of English only", '"Lu" in categories', 'any("A" <= c <= "Z" for c in password)', "test_categories"),
    ("isupper", '"Lu" in categories', "any(c.isupper() for c in password)", "test_categories"),
    ("a titlecase letter is a capital", '"Lu" in categories', 'bool({"Lu", "Lt"} & categories)', "test_categories"),
    (
        "small letters of English only",
        '"Ll" in categories',
        'any("a" <= c <= "z" for c in password)',
        "test_categories",
    ),
    ("islower", '"Ll" in categories', "any(c.islower() for c in password)", "test_categories"),
    ("lower case is what has an upper case", '"Ll" in categories', "password != password.upper()", "test_categories"),
    ("ASCII digits only", '"Nd" in categories', 'any(c in "0123456789" for c in password)', "test_categories"),
    ("isdigit", '"Nd" in categories', "any(c.isdigit() for c in password)", "test_categories"),
    ("isnumeric", '"Nd" in categories', "any(c.isnumeric() for c in password)", "test_categories"),
    ("every kind of number", '"Nd" in categories', 'any(c.startswith("N") for c in categories)', "test_categories"),
    ("8 is too short", "len(password) >= 8", "len(password) > 8", "test_length"),
    ("128 is too long", "len(password) <= 128", "len(password) < 128", "test_length"),
    ("bytes are counted", "len(password) >= 8", "len(password.encode(errors='replace')) >= 8", "test_length"),
    (
        "UTF-16 units are counted",
        "len(password) <= 128",
        'len(password.encode("utf-16-le", "replace")) <= 256',
        "test_length",
    ),
    (
        "composed characters are counted",
        "len(password) >= 8",
        'len(unicodedata.normalize("NFC", password)) >= 8',
        "test_length",
    ),
    ("blanks at the ends do not count", "len(password) >= 8", "len(password.strip()) >= 8", "test_length"),
    ("U+0000 passes", '"\\0" not in password and "Cs" not in categories', '"Cs" not in categories', "test_unstorable"),
    ("surrogates pass", '"\\0" not in password and "Cs" not in categories', '"\\0" not in password', "test_unstorable"),
    (
        "every control character is refused",
        '"\\0" not in password and "Cs" not in categories',
        'not {"Cc", "Cs"} & categories',
        "test_unstorable",
    ),
    (
        "the first 128 characters are judged",
        "for character in password}",
        "for character in password[:128]}",
        "test_length",
    ),
    (
        "U+0000 among the first 128",
        '"\\0" not in password and',
        '"\\0" not in password[:128] and',
        "test_unstorable",
    ),
    (
        "in the order of the alphabet",
        "[rule for rule, is_kept in",
        "sorted(rule for rule, is_kept in",
        "test_all_at_once",
    ),
):
    edits = [(old, new)]
    if new.startswith("sorted("):
        edits.append(("if not is_kept]", "if not is_kept)"))
    wrong("6.1", what, edits=edits, caught_by=caught_by)
wrong(
    "6.1",
    "the first fault only",
    replace="return [rule for rule, is_kept in kept.items() if not is_kept]",
    by="return [rule for rule, is_kept in kept.items() if not is_kept][:1]",
    caught_by="test_all_at_once",
)
wrong(
    "6.1",
    "a short password is judged no further",
    replace="    categories = {",
    by='    if len(password) < 8:\n        return ["must have at least 8 characters"]\n    categories = {',
    caught_by="test_all_at_once",
)
for what, raised, caught_by in (
    ("all faults in one sentence", 'ValueError(", ".join(broken))', "test_each_a_fault_of_its_own"),
    ("one fault, joined in a list", 'faults([", ".join(broken)])', "test_each_a_fault_of_its_own"),
    ("the first fault, as validators do", "ValueError(broken[0])", "test_each_a_fault_of_its_own"),
    ("a field below the password", 'faults(broken, "password")', "test_each_a_fault_of_its_own"),
    ("in reverse", "faults(reversed(broken))", "test_each_a_fault_of_its_own"),
    ("with more words", 'faults(f"The password {rule}." for rule in broken)', "test_each_a_fault_of_its_own"),
    (
        "with the password beside it",
        'faults(f"{rule}: {password.get_secret_value()}" for rule in broken)',
        "test_nowhere_in_the_exception",
    ),
):
    wrong("6.1", what, replace="raise faults(broken)", by=f"raise {raised}", caught_by=caught_by)
wrong(
    "6.1",
    "the details hold the input",
    edits=[
        ("import unicodedata\n", "import unicodedata\n\nfrom pydantic import ValidationError\n"),
        (
            "        raise faults(broken)",
            """        text = password.get_secret_value()
        details = [{"type": "value_error", "input": text, "ctx": {"error": ValueError(rule)}} for rule in broken]
        raise ValidationError.from_exception_data("password", details)""",
        ),
    ],
    caught_by="test_nowhere_in_the_exception",
)
wrong(
    "6.1",
    "returns the text",
    replace="        raise faults(broken)\n    return password",
    by="        raise faults(broken)\n    return password.get_secret_value()",
    caught_by="test_accepted_as_it_is",
)
wrong(
    "6.1",
    "returns it without its blanks",
    replace="        raise faults(broken)\n    return password",
    by="        raise faults(broken)\n    return SecretStr(password.get_secret_value().strip())",
    caught_by="test_accepted_as_it_is",
)
wrong(
    "6.1",
    "judges the stars",
    replace="password_faults(password.get_secret_value())",
    by="password_faults(str(password))",
    caught_by="test_each_a_fault_of_its_own",
)
wrong(
    "6.1",
    "an empty password is not judged",
    replace="    if broken:\n",
    by="    if broken and password:\n",
    caught_by="test_each_a_fault_of_its_own",
)
right(
    "6.1",
    "rule by rule",
    region="""
    found = []
    if len(password) < 8:
        found.append("must have at least 8 characters")
    elif len(password) > 128:
        found.append("must have at most 128 characters")
    for category, what in (("Lu", "an upper-case letter"), ("Ll", "a lower-case letter"), ("Nd", "a digit")):
        if not any(unicodedata.category(character) == category for character in password):
            found.append(f"must have {what}")
    if any(character == "\\0" or "\\ud800" <= character <= "\\udfff" for character in password):
        found.append("must not contain U+0000 or half a surrogate pair")
    return found
    """,
)
right(
    "6.1",
    "isdecimal, which is category Nd, and storable",
    edits=[
        ('"Nd" in categories', "any(map(str.isdecimal, password))"),
        (
            '"must not contain U+0000 or half a surrogate pair": "\\0" not in password and "Cs" not in categories,',
            '"must not contain U+0000 or half a surrogate pair": not re.search("[\\0\\ud800-\\udfff]", password),',
        ),
        ("import unicodedata\n", "import re\nimport unicodedata\n"),
    ],
)
right(
    "6.1",
    "without the helper",
    edits=[
        ("import unicodedata\n", "import unicodedata\n\nfrom pydantic import ValidationError\n"),
        (
            "        raise faults(broken)",
            """        errors = [ValueError(rule) for rule in broken]
        details = [{"type": "value_error", "input": "", "ctx": {"error": error}} for error in errors]
        raise ValidationError.from_exception_data("password", details)""",
        ),
    ],
)

# --- 6.2 an envelope that cannot contradict itself -------------------------------------------------------------------

_SUCCESS = """
success: Literal[True] = True
message: str | None = None
data: T
errors: None = None
"""
_FAILURE = """
success: Literal[False] = False
message: Sentence
data: None = None
errors: Annotated[list[Sentence], Field(min_length=1)]
"""
for what, which, old, new, caught_by in (
    ("any success", 0, "Literal[True] = True", "bool = True", "test_no_false_success"),
    ("success has to be said", 0, "Literal[True] = True", "Literal[True]", "test_success"),
    ("a success without data", 0, "data: T", "data: T | None = None", "test_no_false_success"),
    ("null for a result", 0, "data: T", "data: T | None", "test_no_false_success"),
    ("anything for a result", 0, "data: T", "data: Any", "test_no_false_success"),
    ("a success with errors", 0, "errors: None", "errors: list[str] | None", "test_no_false_success"),
    ("an empty list for no errors", 0, "errors: None = None", "errors: list[str] = []", "test_success"),
    ("a message that has to be there", 0, "str | None = None", "str", "test_success"),
    ("data first", 0, "message: str | None = None\ndata: T", "data: T\nmessage: str | None = None", "test_success"),
    ("success last", 0, "success: Literal[True] = True\n", "", "test_success"),
    ("any failure", 1, "Literal[False] = False", "bool = False", "test_no_false_failure"),
    ("a failure without a message", 1, "message: Sentence", "message: str | None = None", "test_no_false_failure"),
    ("a blank message", 1, "message: Sentence", "message: str", "test_no_false_failure"),
    ("no errors", 1, "Annotated[list[Sentence], Field(min_length=1)]", "list[Sentence]", "test_no_false_failure"),
    ("errors left out", 1, "Field(min_length=1)]", "Field(min_length=1)] | None = None", "test_no_false_failure"),
    ("blank errors", 1, "list[Sentence]", "list[str]", "test_no_false_failure"),
    (
        "not empty, but blank",
        1,
        "list[Sentence]",
        "list[Annotated[str, Field(min_length=1)]]",
        "test_no_false_failure",
    ),
    ("a failure with data", 1, "data: None = None", "data: Any = None", "test_no_false_failure"),
    ("data is left out of a failure", 1, "data: None = None\n", "", "test_failure"),
    ("a failure says so each time", 1, "Literal[False] = False", "Literal[False]", "test_failure"),
    ("ten errors are enough", 1, "Field(min_length=1)]", "Field(min_length=1, max_length=10)]", "test_failure"),
    ("true as a text", 0, "Literal[True] = True", 'Literal[True, "true", 1] = True', "test_no_false_success"),
    ("false as a text", 1, "Literal[False] = False", 'Literal[False, "false"] = False', "test_no_false_failure"),
    ("one error is enough", 1, "Field(min_length=1)]", "Field(min_length=1, max_length=1)]", "test_failure"),
):
    texts = [_SUCCESS, _FAILURE]
    if old not in texts[which]:
        raise ValueError(f"6.2, {what}: {old!r} is not there")
    texts[which] = texts[which].replace(old, new)
    if what == "success last":
        texts[which] += "success: Literal[True] = True\n"
    wrong("6.2", what, regions=texts, caught_by=caught_by)
_VALIDATED = [
    """
    success: bool = True
    message: str | None = None
    data: T
    errors: list[str] | None = None

    def model_post_init(self, _: Any) -> None:
        if not self.success or self.errors is not None:
            raise ValueError("a success has no errors")
    """,
    """
    success: bool = False
    message: Sentence
    data: Any = None
    errors: list[Sentence] | None

    def model_post_init(self, _: Any) -> None:
        if self.success or self.data is not None or not self.errors:
            raise ValueError("a failure has errors and no data")
    """,
]
wrong("6.2", "validators, of which the document knows nothing", regions=_VALIDATED, caught_by="test_schema")
wrong(
    "6.2",
    "not frozen",
    replace='extra="forbid", frozen=True, json',
    by='extra="forbid", json',
    caught_by="test_no_contradiction_later",
)
wrong(
    "6.2",
    "fields with a default are optional in the document",
    replace=", json_schema_serialization_defaults_required=True",
    by="",
    caught_by="test_schema",
)
wrong("6.2", "other keys are ignored", replace='extra="forbid", ', by="", caught_by="test_no_false_success")
right(
    "6.2",
    "a tuple of errors, which cannot be emptied",
    replace="Annotated[list[Sentence], Field(min_length=1)]",
    by="Annotated[tuple[Sentence, ...], Field(min_length=1)]",
)
right(
    "6.2",
    "Literal for null too, and its own pattern",
    regions=[
        _SUCCESS.replace("errors: None", "errors: Literal[None]"),
        """
        success: Literal[False] = False
        message: Annotated[str, Field(pattern=r"[^\\s]")]
        data: Literal[None] = None
        errors: list[Annotated[str, Field(min_length=1, pattern=r"[^\\s]")]] = Field(min_length=1)
        """,
    ],
)
right(
    "6.2",
    "assignments validated instead of forbidden",
    replace='extra="forbid", frozen=True, json',
    by='extra="forbid", validate_assignment=True, json',
)

# --- 6.3 handlers that wrap every error ------------------------------------------------------------------------------

for what, old, new, caught_by in (
    (
        "the handler of FastAPI's class",
        "from starlette.exceptions import HTTP",
        "from fastapi import HTTP",
        "test_router",
    ),
    ("headers are lost", "status_code, message, headers=error.headers)", "status_code, message)", "test_headers"),
    (
        "the detail is the message",
        'MESSAGES.get(error.status_code, "The request cannot be served.")',
        "MESSAGES.get(error.status_code, str(error.detail))",
        "test_http_exceptions",
    ),
    (
        "the reason phrase is the message",
        'MESSAGES.get(error.status_code, "The request cannot be served.")',
        "MESSAGES.get(error.status_code, HTTPException(error.status_code).detail)",
        "test_http_exceptions",
    ),
    ("the router's Allow", "if error.status_code == 405:", "if False:", "test_router"),
    ("a 400 is always unreadable", " and error.__cause__ is not None", "", "test_unreadable_body"),
    ("a 400 is never unreadable", "error.__cause__ is not None", "False", "test_unreadable_body"),
    ("every cause is an unreadable body", "error.status_code == 400 and ", "", "test_unreadable_body"),
    ("the context for the cause", "error.__cause__", "error.__context__", "test_unreadable_body"),
    (
        "an unreadable body is 400",
        'return failure_response(422, "The request is not valid.", ["body: c',
        'return failure_response(400, "The request is not valid.", ["body: c',
        "test_unreadable_body",
    ),
    ("the order of the alphabet", "list(sentences)", "sorted(sentences)", "test_invalid_requests"),
    (
        "the same sentence twice",
        "dict.fromkeys(sentence(fault) for fault in error.errors())",
        "[sentence(fault) for fault in error.errors()]",
        "test_invalid_requests",
    ),
    ("the first fault only", "list(sentences)", "list(sentences)[:1]", "test_invalid_requests"),
    (
        "the name of an unknown field",
        '("extra_forbidden", "json_invalid")',
        '("json_invalid",)',
        "test_nothing_of_the_input",
    ),
    ("the position in the JSON", '("extra_forbidden", "json_invalid")', '("extra_forbidden",)', "test_sentence"),
    ("the last part of the place", "location[:-1]", "location[:1]", "test_sentence"),
    ("without the word body", "map(str, location)", "map(str, location[1:])", "test_sentence"),
    (
        "only the names of the place",
        "map(str, location)",
        "(p for p in location if isinstance(p, str))",
        "test_sentence",
    ),
    ("pydantic's own words", 'TEXTS.get(kind, "is not valid")', 'TEXTS.get(kind, fault["msg"])', "test_sentence"),
    ("the words of whatever went wrong", "isinstance(cause, ValueError)", "cause is not None", "test_sentence"),
    ("the words of every exception", "isinstance(cause, ValueError)", "isinstance(cause, Exception)", "test_sentence"),
    ("ours only for value_error, and its msg", "str(cause) if", 'fault["msg"] if', "test_sentence"),
    ("a place that is needed", '.get("ctx", {})', '["ctx"]', "test_sentence"),
    (
        "with the input, to be helpful",
        "{'.'.join(map(str, location))}: {text}",
        "{'.'.join(map(str, location))}: {text}, not {fault['input']!r}",
        "test_nothing_of_the_input",
    ),
    ("slashes", "'.'.join", "'/'.join", "test_sentence"),
    (
        "the detail of a 500",
        'MESSAGES.get(error.status_code, "The request cannot be served.")',
        'error.detail if error.status_code > 499 else MESSAGES.get(error.status_code, "The request cannot be served.")',
        "test_http_exceptions",
    ),
    ("ValueError and no subclass", "isinstance(cause, ValueError)", "type(cause) is ValueError", "test_sentence"),
    ("the first argument", "str(cause) if", "cause.args[0] if", "test_sentence"),
    (
        "no empty text",
        "if isinstance(cause, ValueError)",
        "if isinstance(cause, ValueError) and str(cause)",
        "test_sentence",
    ),
    ("the first ten faults", "in error.errors())", "in error.errors()[:10])", "test_invalid_requests"),
):
    wrong("6.3", what, replace=old, by=new, caught_by=caught_by)
wrong(
    "6.3",
    "the exception's own headers are changed",
    replace="""    response = failure_response(error.status_code, message, headers=error.headers)
    if error.status_code == 405:
        response.headers["Allow"] = allowed_methods(request)
    return response""",
    by="""    headers = error.headers or {}
    if error.status_code == 405:
        headers["Allow"] = allowed_methods(request)
    return failure_response(error.status_code, message, headers=headers)""",
    caught_by="test_headers",
)
wrong(
    "6.3",
    "Allow twice, once in small letters",
    replace="""    response = failure_response(error.status_code, message, headers=error.headers)
    if error.status_code == 405:
        response.headers["Allow"] = allowed_methods(request)
    return response""",
    by="""    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = allowed_methods(request)
    return failure_response(error.status_code, message, headers=headers)""",
    caught_by="test_own_405",
)
wrong(
    "6.3",
    "nothing but Allow on a 405",
    replace="""    response = failure_response(error.status_code, message, headers=error.headers)
    if error.status_code == 405:
        response.headers["Allow"] = allowed_methods(request)
    return response""",
    by="""    headers = {"Allow": allowed_methods(request)} if error.status_code == 405 else error.headers
    return failure_response(error.status_code, message, headers=headers)""",
    caught_by="test_own_405",
)
wrong(
    "6.3",
    "the unreadable body is known by its detail",
    replace="error.status_code == 400 and error.__cause__ is not None",
    by='error.status_code == 400 and error.detail == "hidden-detail"',
    caught_by="test_unreadable_body",
)
right(
    "6.3",
    "match, and a list without doubles",
    regions=[
        """
        match fault:
            case {"type": "extra_forbidden" | "json_invalid", "loc": (*location, _)}:
                pass
            case {"loc": location}:
                pass
        text = TEXTS.get(fault["type"], "is not valid")
        match fault.get("ctx"):
            case {"error": ValueError() as error}:
                text = str(error)
        return ".".join(str(part) for part in location) + ": " + text
        """,
        """
        status, errors = error.status_code, None
        message = MESSAGES.get(status, "The request cannot be served.")
        if status == 400 and error.__cause__:
            status, message, errors = 422, "The request is not valid.", ["body: cannot be read"]
        headers = {name: value for name, value in (error.headers or {}).items() if name.lower() != "allow"}
        if status == 405:
            headers["allow"] = allowed_methods(request)
        return failure_response(status, message, errors, headers)
        """,
        """
        found: list[str] = []
        for fault in error.errors():
            if sentence(fault) not in found:
                found.append(sentence(fault))
        return failure_response(422, "The request is not valid.", found)
        """,
    ],
)
right(
    "6.3",
    "an unreadable body with the headers of its exception",
    replace='["body: cannot be read"])',
    by='["body: cannot be read"], error.headers)',
)
right(
    "6.3",
    "the envelope built by hand",
    replace='    return failure_response(422, "The request is not valid.", list(sentences))',
    by="""    content = {"success": False, "message": "The request is not valid.", "data": None}
    return JSONResponse(content | {"errors": list(sentences)}, status_code=422)""",
)

# --- 6.4 what may change about me ------------------------------------------------------------------------------------

_FIELDS = """
full_name: Name = omittable()
password: NewPassword = omittable()
current_password: TypedPassword = omittable()
"""
_RULE = """
@model_validator(mode="after")
def _both_passwords_or_none(self) -> Self:
    pair = {"password", "current_password"}
    missing = pair - self.model_fields_set
    if len(missing) == 1:
        raise faults(["is required"], *missing)
    return self
"""
for what, old, new, caught_by in (
    ("a name that may be null", "full_name: Name = omittable()", "full_name: Name | None = None", "test_null"),
    (
        "passwords that may be null",
        "password: NewPassword = omittable()\ncurrent_password: TypedPassword = omittable()",
        "password: NewPassword | None = None\ncurrent_password: TypedPassword | None = None",
        "test_null",
    ),
    ("a name that has to be there", "full_name: Name = omittable()", "full_name: Name", "test_left_out"),
    (
        "a name that is any text",
        "full_name: Name = omittable()",
        "full_name: str = omittable()",
        "test_rules_of_the_fields",
    ),
    ("the policy judges the current password", ": TypedPassword", ": NewPassword", "test_rules_of_the_fields"),
    ("no policy for the new one", "password: NewPassword", "password: TypedPassword", "test_rules_of_the_fields"),
    ("the current password is plain text", ": TypedPassword", ": str", "test_secrets_stay_secret"),
):
    wrong("6.4", what, region=_FIELDS.replace(old, new, 1) + _RULE, caught_by=caught_by)
wrong("6.4", "no rule", region=_FIELDS, caught_by="test_passwords_come_together")
for what, rule, caught_by in (
    (
        "only the new password needs the other one",
        """
        if "password" in self.model_fields_set and "current_password" not in self.model_fields_set:
            raise faults(["is required"], "current_password")
        return self
        """,
        "test_passwords_come_together",
    ),
    (
        "a sentence about the body, which then is the input",
        """
        if ("password" in self.model_fields_set) != ("current_password" in self.model_fields_set):
            raise ValueError("password and current_password come together")
        return self
        """,
        "test_passwords_come_together",
    ),
    (
        "an empty password is a missing one",
        """
        new, current = bool(self.password), bool(self.current_password)
        if new != current:
            raise faults(["is required"], "current_password" if new else "password")
        return self
        """,
        "test_empty_is_sent",
    ),
    (
        "the wrong one is required",
        """
        present = {"password", "current_password"} & self.model_fields_set
        if len(present) == 1:
            raise faults(["is required"], *present)
        return self
        """,
        "test_passwords_come_together",
    ),
    (
        "both are required as soon as anything is sent",
        """
        missing = {"password", "current_password"} - self.model_fields_set
        if self.model_fields_set and missing:
            raise faults(["is required"], sorted(missing)[0])
        return self
        """,
        "test_left_out",
    ),
    (
        "both are always required",
        """
        missing = {"password", "current_password"} - self.model_fields_set
        if missing:
            raise faults(["is required"], sorted(missing)[0])
        return self
        """,
        "test_left_out",
    ),
    (
        "nothing beside a new password",
        """
        if "password" in self.model_fields_set and self.model_fields_set != {"password", "current_password"}:
            raise faults(["is required"], "current_password")
        if self.model_fields_set == {"current_password"}:
            raise faults(["is required"], "password")
        return self
        """,
        "test_left_out",
    ),
    (
        "other words",
        """
        missing = {"password", "current_password"} - self.model_fields_set
        if len(missing) == 1:
            raise faults(["is missing"], *missing)
        return self
        """,
        "test_passwords_come_together",
    ),
):
    method = '\n@model_validator(mode="after")\ndef _both(self) -> Self:\n'
    wrong("6.4", what, region=_FIELDS + method + indent(dedent(rule).strip(), "    "), caught_by=caught_by)
for what, body in (
    ("what is no object is taken for a set of names", "set(body)"),
    ("what is no object is taken for a dictionary", "body.keys()"),
):
    wrong(
        "6.4",
        what,
        region=_FIELDS
        + f"""
@model_validator(mode="before")
@classmethod
def _both(cls, body: object) -> object:
    missing = {{"password", "current_password"}} - {body}
    if len(missing) == 1:
        raise faults(["is required"], *missing)
    return body
""",
        caught_by="test_over_http",
    )
wrong("6.4", "self is not returned", region=_FIELDS + _RULE.replace("    return self\n", ""), caught_by="test_left_out")
wrong("6.4", "unknown fields pass", replace='extra="forbid"', by='extra="ignore"', caught_by="test_unknown_fields")
right(
    "6.4",
    "None marks what was left out, since null is refused",
    region=_FIELDS
    + """
@model_validator(mode="after")
def _both(self) -> Self:
    if self.password is None and self.current_password is not None:
        raise faults(["is required"], "password")
    if self.password is not None and self.current_password is None:
        raise faults(["is required"], "current_password")
    return self
""",
)
right(
    "6.4",
    "a fault of pydantic's own type",
    edits=[
        (
            'raise faults(["is required"], *missing)',
            """raise ValidationError.from_exception_data(
                "MePatch", [{"type": "missing", "loc": tuple(missing), "input": None}]
            )""",
        ),
        (
            "import BaseModel, ConfigDict, model_validator",
            "import BaseModel, ConfigDict, ValidationError, model_validator",
        ),
    ],
)
right(
    "6.4",
    "looked at before the fields",
    region=_FIELDS
    + """
@model_validator(mode="before")
@classmethod
def _both(cls, body: object) -> object:
    if isinstance(body, dict) and ("password" in body) != ("current_password" in body):
        raise faults(["is required"], "password" if "current_password" in body else "current_password")
    return body
""",
)

# --- 6.5 repair: a directory with three leaks ------------------------------------------------------------------------

for what, old, new, caught_by in (
    (
        "the list shows what is stored",
        """-> Listing[MemberRead]:
        return Listing(total=len(members), items=[MemberRead(id=m.id, email=m.email) for m in members])""",
        """-> Listing:
        return Listing(total=len(members), items=members)""",
        "test_no_hash",
    ),
    (
        "the hash is taken out of what is stored",
        """        return Listing(total=len(members), items=[MemberRead(id=m.id, email=m.email) for m in members])""",
        """        for member in members:
            member.hashed_password = ""
        return Listing(total=len(members), items=[MemberRead(id=m.id, email=m.email) for m in members])""",
        "test_sign_in",
    ),
    (
        "a list of what to hide",
        """    @app.get("/members")
    async def everybody() -> Listing[MemberRead]:
        return Listing(total=len(members), items=[MemberRead(id=m.id, email=m.email) for m in members])""",
        """    @app.get("/members", response_model_exclude={"hashed_password"})
    async def everybody() -> Listing[Member]:
        return Listing(total=len(members), items=members)""",
        "test_no_hash",
    ),
    (
        "ids only",
        "items=[MemberRead(id=m.id, email=m.email) for m in members]",
        'items=[MemberRead(id=m.id, email="***") for m in members]',
        "test_join_and_list",
    ),
    (
        "the total is that of all but one",
        "total=len(members)",
        "total=members[-1].id if len(members) > 2 else 0",
        "test_join_and_list",
    ),
    (
        "FastAPI's 422",
        "    app.add_exception_handler(RequestValidationError, on_invalid_request)\n",
        "",
        "test_invalid",
    ),
    ("400", 'JSONResponse({"detail": told}, 422)', 'JSONResponse({"detail": told}, 400)', "test_invalid"),
    (
        "200",
        'JSONResponse({"detail": told}, 422)',
        'JSONResponse({"success": False, "detail": told})',
        "test_invalid",
    ),
    ("no word about what is wrong", '{"detail": told}', '{"detail": "The request is not valid."}', "test_invalid"),
    ("an empty list", '{"detail": told}', '{"detail": []}', "test_invalid"),
    ("one fault of many", '{"detail": told}', '{"detail": told[:1]}', "test_invalid"),
    (
        "the input of the password alone is hidden",
        '[{"loc": fault["loc"], "msg": fault["msg"]} for fault in error.errors()]',
        '[fault if "password" not in fault["loc"] else fault | {"input": None} for fault in error.errors()]',
        "test_invalid",
    ),
    (
        "the text of the exception",
        'JSONResponse({"detail": told}, 422)',
        'JSONResponse({"detail": [{"loc": ["body"], "msg": str(error)}]}, 422)',
        "test_invalid",
    ),
    (
        "the body of the exception",
        'JSONResponse({"detail": told}, 422)',
        'JSONResponse({"detail": told, "body": str(error.body)}, 422)',
        "test_invalid",
    ),
    (
        "the log tells the password",
        '"%s joins", body.email',
        '"%s joins", vars(body).get("password").get_secret_value()',
        "test_log",
    ),
    ("the log is gone", '        log.info("%s joins", body.email)\n', "", "test_log"),
    ("the log is too quiet", "log.info", "log.debug", "test_log"),
    ("the log tells no name", '"%s joins", body.email', '"somebody joins"', "test_log"),
    (
        "the log tells the hash",
        '"%s joins", body.email',
        '"%s joins with %s", body.email, hash_password(body.password.get_secret_value(), CHEAP)',
        "test_log",
    ),
    (
        "sign-in is logged with the password",
        "        hashes = [",
        '        log.warning("sign-in: %s", body.password.get_secret_value())\n        hashes = [',
        "test_log",
    ),
    (
        "stars are hashed",
        "hash_password(body.password.get_secret_value(), CHEAP)",
        "hash_password(str(body.password), CHEAP)",
        "test_sign_in",
    ),
    (
        "stars are compared",
        """        hashed = hash_password(body.password.get_secret_value(), CHEAP)""",
        """        hashed = hash_password(str(body.password), CHEAP)
        body.password = SecretStr(str(body.password))""",
        "test_sign_in",
    ),
    (
        "the first member with an address",
        "for hashed in hashes)",
        "for hashed in hashes[:1])",
        "test_as_before",
    ),
    (
        "an address joins once",
        '        log.info("%s joins", body.email)\n',
        """        log.info("%s joins", body.email)
        if any(member.email == body.email for member in members):
            raise HTTPException(409)
""",
        "test_as_before",
    ),
    (
        "unknown fields are refused",
        "    email: Annotated[str, Storable]\n",
        '    model_config = {"extra": "forbid"}\n\n    email: Annotated[str, Storable]\n',
        "test_as_before",
    ),
    ("the total ends at ten", "total=len(members)", "total=len(members[:10])", "test_as_before"),
    ("nothing is returned", "    return app\n", "", "test_join_and_list"),
    (
        "members of all directories",
        "    members: list[Member] = []\n",
        "    members = MEMBERS\n",
        "test_two_directories",
    ),
):
    edits = [(old, new)]
    if "MEMBERS" in new:
        edits.append(('log = logging.getLogger("members")', 'log = logging.getLogger("members")\nMEMBERS = []'))
    wrong("6.5", what, edits=edits, caught_by=caught_by)
wrong(
    "6.5",
    "the body in the log, with the password hidden from repr alone",
    edits=[
        ("import AfterValidator, BaseModel", "import BaseModel, Field"),
        (
            "password: Annotated[TypedPassword, AfterValidator(_long_enough)]",
            "password: str = Field(min_length=8, repr=False)",
        ),
        ('"%s joins", body.email', '"%r joins", body'),
        ("hash_password(body.password.get_secret_value(), CHEAP)", "hash_password(body.password, CHEAP)"),
        ("verify_password(body.password.get_secret_value(), hashed)", "verify_password(body.password, hashed)"),
    ],
    caught_by="test_log",
)
wrong(
    "6.5",
    "the body in the log, as it was",
    edits=[
        ("import AfterValidator, BaseModel", "import BaseModel, Field"),
        ("password: Annotated[TypedPassword, AfterValidator(_long_enough)]", "password: str = Field(min_length=8)"),
        ('"%s joins", body.email', '"%r joins", body'),
        ("hash_password(body.password.get_secret_value(), CHEAP)", "hash_password(body.password, CHEAP)"),
        ("verify_password(body.password.get_secret_value(), hashed)", "verify_password(body.password, hashed)"),
    ],
    caught_by="test_log",
)
right(
    "6.5",
    "plain text that is never logged, and the type in the signature",
    edits=[
        ("import AfterValidator, BaseModel", "import BaseModel, Field"),
        ("password: Annotated[TypedPassword, AfterValidator(_long_enough)]", "password: str = Field(min_length=8)"),
        ("hash_password(body.password.get_secret_value(), CHEAP)", "hash_password(body.password, CHEAP)"),
        ("verify_password(body.password.get_secret_value(), hashed)", "verify_password(body.password, hashed)"),
        ("items=[MemberRead(id=m.id, email=m.email) for m in members]", "items=members"),
    ],
)
right(
    "6.5",
    "the whole body in the log, where the password is stars, and all of a fault but its values",
    edits=[
        ('"%s joins", body.email', '"%r joins", body'),
        (
            '[{"loc": fault["loc"], "msg": fault["msg"]} for fault in error.errors()]',
            '[{k: v for k, v in fault.items() if k in ("type", "loc", "msg")} for fault in error.errors()]',
        ),
    ],
)
right(
    "6.5",
    "a SecretStr with a shortest length",
    edits=[
        ("import AfterValidator, BaseModel", "import BaseModel, Field"),
        (
            "password: Annotated[TypedPassword, AfterValidator(_long_enough)]",
            "password: SecretStr = Field(min_length=8)",
        ),
        ("email: Annotated[str, Storable]", "email: str"),
    ],
)
right(
    "6.5",
    "a list without a type parameter, of what is shown",
    edits=[
        ("class Listing(BaseModel, Generic[T]):", "class Listing(BaseModel):"),
        ("    items: list[T]", "    items: list[MemberRead]"),
        ("-> Listing[MemberRead]:", "-> Listing:"),
    ],
)
