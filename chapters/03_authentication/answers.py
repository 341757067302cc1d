"""Wrong and alternative right answers to the exercises of chapter 03."""

from coursekit.answers import right, wrong

# --- 3.1 hash, verify, renew -----------------------------------------------------------------------------------------

wrong(
    "3.1",
    "the cost is ignored",
    replace="return argon2_at(cost).hash(password)",
    by="return argon2_at(CHEAP).hash(password)",
    caught_by="test_hash_says_its_cost",
)
wrong(
    "3.1",
    "a fixed salt",
    replace="    return argon2_at(cost).hash(password)",
    by="""    fixed = argon2.using(
        salt=b"a fixed salt 16b", time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes
    )
    return fixed.hash(password)""",
    caught_by="test_salted",
)
wrong(
    "3.1",
    "the old bcrypt habit: cut at 72 bytes",
    edits=[
        ("return argon2_at(cost).hash(password)", "return argon2_at(cost).hash(password.encode()[:72])"),
        ("argon2_at(STRONG).verify(password, hashed)", "argon2_at(STRONG).verify(password.encode()[:72], hashed)"),
    ],
    caught_by="test_wrong_password",
)
wrong(
    "3.1",
    "blanks around the password do not count",
    edits=[
        ("return argon2_at(cost).hash(password)", "return argon2_at(cost).hash(password.strip())"),
        ("argon2_at(STRONG).verify(password, hashed)", "argon2_at(STRONG).verify(password.strip(), hashed)"),
    ],
    caught_by="test_wrong_password",
)
wrong(
    "3.1",
    "garbage raises",
    replace="""    try:
        return argon2_at(STRONG).verify(password, hashed)
    except (ValueError, NotImplementedError):
        return False""",
    by="    return argon2_at(STRONG).verify(password, hashed)",
    caught_by="test_garbage_is_no_match",
)
wrong(
    "3.1",
    "compares with a fresh hash",
    replace="        return argon2_at(STRONG).verify(password, hashed)",
    by="        return hash_password(password, CHEAP) == hashed",
    caught_by="test_right_password",
)
wrong(
    "3.1",
    "verifies only what has the strong cost",
    replace="        return argon2_at(STRONG).verify(password, hashed)",
    by="        return not needs_rehash(hashed) and argon2_at(STRONG).verify(password, hashed)",
    caught_by="test_right_password",
)
wrong(
    "3.1",
    "the hash is looked at, the password is not, so a gigantic one raises",
    replace="""    try:
        return argon2_at(STRONG).verify(password, hashed)
    except (ValueError, NotImplementedError):
        return False""",
    by="    return argon2_at(STRONG).identify(hashed) is not None and argon2_at(STRONG).verify(password, hashed)",
    caught_by="test_impossible_password",
)
wrong(
    "3.1",
    "parameters that passlib does not know raise",
    replace="verify(password, hashed)\n    except (ValueError, NotImplementedError):",
    by="verify(password, hashed)\n    except ValueError:",
    caught_by="test_garbage_is_no_match",
)
_VERIFY = "argon2_at(STRONG).verify(password, hashed)"
_HASH = "argon2_at(cost).hash(password)"
for what, prepared, caught_by in (
    ("compatible characters are one", 'unicodedata.normalize("NFKC", password)', "test_verifies_at_any_cost"),
    ("what has no UTF-8 is a question mark", 'password.encode("utf-8", "replace")', "test_impossible_password"),
    ("surrogates pass", 'password.encode("utf-8", "surrogatepass")', "test_impossible_password"),
    ("cut at the limit", "password[:4096]", "test_wrong_password"),
    ("cut at U+0000", 'password.split("\\0")[0]', "test_verifies_at_any_cost"),
    ("line ends are cut off", 'password.rstrip("\\r\\n")', "test_verifies_at_any_cost"),
    ("hashed before it is hashed", "sha256(password.encode()).hexdigest()", "test_right_password"),
):
    wrong(
        "3.1",
        what,
        edits=[
            ("import warnings\n", "import unicodedata\nimport warnings\nfrom hashlib import sha256\n"),
            (_HASH, _HASH.replace("password", prepared)),
            (_VERIFY, _VERIFY.replace("password, ", f"{prepared}, ")),
        ],
        caught_by=caught_by,
    )
wrong(
    "3.1",
    "no password is that long",
    replace=f"        return {_VERIFY}",
    by=f"        return len(password) <= 1000 and {_VERIFY}",
    caught_by="test_verifies_at_any_cost",
)
wrong(
    "3.1",
    "blanks around the hash do not count",
    replace=_VERIFY,
    by=_VERIFY.replace("hashed", "hashed.strip()"),
    caught_by="test_garbage_is_no_match",
)
_NEEDS = """    try:
        return argon2_at(cost).needs_update(hashed)
    except (ValueError, NotImplementedError):
        return True"""
_COMPARED = """    import re

    made_at = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
    return re.fullmatch(rf"\\$argon2id\\$v=19\\${made_at}\\$[A-Za-z0-9+/]+\\$[A-Za-z0-9+/]+", hashed) is None"""
right("3.1", "the whole text of a hash of this cost compared", replace=_NEEDS, by=_COMPARED)
wrong(
    "3.1",
    "a stronger hash is left alone",
    replace=_NEEDS,
    by="""    try:
        old = argon2.from_string(hashed)
    except (ValueError, NotImplementedError):
        return True
    return old.rounds < cost.passes or old.memory_cost < cost.memory_kib or old.parallelism < cost.lanes""",
    caught_by="test_needs_rehash",
)
wrong(
    "3.1",
    "garbage needs no renewal",
    replace=_NEEDS,
    by="""    try:
        return argon2_at(cost).needs_update(hashed)
    except (ValueError, NotImplementedError):
        return False""",
    caught_by="test_needs_rehash",
)
wrong(
    "3.1",
    "only the beginning is looked at",
    replace=_NEEDS,
    by="""    made_at = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
    return not hashed.startswith(f"$argon2id$v=19${made_at}$")""",
    caught_by="test_needs_rehash",
)
wrong(
    "3.1",
    "the version is not looked at",
    replace=_NEEDS,
    by=_COMPARED.replace("v=19", "v=[0-9]+"),
    caught_by="test_needs_rehash",
)
wrong(
    "3.1",
    "compared with the strong cost always",
    replace="argon2_at(cost).needs_update(hashed)",
    by="argon2_at(STRONG).needs_update(hashed)",
    caught_by="test_needs_rehash",
)

_PASSWORDS_HEAD = '''
"""Passwords at rest: Argon2id hashes (RFC 9106)."""

from dataclasses import dataclass

{imports}


@dataclass(frozen=True)
class Cost:
    """What one hash costs: `passes` over `memory_kib` KiB of memory in `lanes` threads."""

    passes: int
    memory_kib: int
    lanes: int


STRONG = Cost(passes=3, memory_kib=65_536, lanes=4)
CHEAP = Cost(passes=1, memory_kib=8, lanes=1)

'''

right(
    "3.1",
    "on pwdlib",
    cell=_PASSWORDS_HEAD.format(
        imports="""from argon2.exceptions import InvalidHashError
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher"""
    )
    + """
def _passwords(cost: Cost) -> PasswordHash:
    return PasswordHash((Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes),))


def hash_password(password: str, cost: Cost = STRONG) -> str:
    return _passwords(cost).hash(password)


def verify_password(password: str, hashed: str) -> bool:
    try:
        return _passwords(STRONG).verify(password, hashed)
    except (UnknownHashError, UnicodeEncodeError):
        return False


def needs_rehash(hashed: str, cost: Cost = STRONG) -> bool:
    try:
        return not Argon2Hasher.identify(hashed) or _passwords(cost).current_hasher.check_needs_rehash(hashed)
    except InvalidHashError:
        return True
""",
)
right(
    "3.1",
    "on argon2-cffi alone",
    cell=_PASSWORDS_HEAD.format(
        imports="""from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError"""
    )
    + """
def hash_password(password: str, cost: Cost = STRONG) -> str:
    return PasswordHasher(cost.passes, cost.memory_kib, cost.lanes).hash(password)


def verify_password(password: str, hashed: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, password)
    except (Argon2Error, InvalidHashError, ValueError):
        return False


def needs_rehash(hashed: str, cost: Cost = STRONG) -> bool:
    try:
        made = extract_parameters(hashed)
    except (InvalidHashError, ValueError):
        return True
    return (made.type, made.version, made.time_cost, made.memory_cost, made.parallelism) != (
        Type.ID,
        19,
        cost.passes,
        cost.memory_kib,
        cost.lanes,
    )
""",
)
right(
    "3.1",
    "passlib's hash class, no context",
    edits=[
        (
            "    return argon2_at(cost).hash(password)",
            """    hasher = argon2.using(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
    return hasher.hash(password)""",
        ),
        ("        return argon2_at(STRONG).verify(password, hashed)", "        return argon2.verify(password, hashed)"),
        (
            _NEEDS,
            """    try:
        return argon2.from_string(hashed).checksum is None or argon2_at(cost).needs_update(hashed)
    except (ValueError, NotImplementedError):
        return True""",
        ),
    ],
)

# --- 3.2 issue a token -----------------------------------------------------------------------------------------------

wrong("3.2", "never expires", replace=' "exp": issued + lifetime,', by="", caught_by="test_claims")
wrong("3.2", "no kind", replace=', "typ": "access"', by="", caught_by="test_claims")
wrong(
    "3.2",
    "the role travels along",
    replace='"typ": "access"}',
    by='"typ": "access", "role": "user"}',
    caught_by="test_claims",
)
wrong(
    "3.2",
    "zero is falsy",
    replace='"exp": issued + lifetime',
    by='"exp": issued + (lifetime or timedelta(minutes=15))',
    caught_by="test_no_length",
)
wrong(
    "3.2",
    "the offset is thrown away",
    edits=[
        ('"iat": issued,', '"iat": now.replace(tzinfo=None),'),
        ('"exp": issued + lifetime', '"exp": now.replace(tzinfo=None) + lifetime'),
    ],
    caught_by="test_other_offsets",
)
wrong(
    "3.2",
    "a naive time is taken for UTC",
    replace="""    if now.utcoffset() is None:
        raise ValueError("now has no offset")
""",
    by="    now = now if now.utcoffset() is not None else now.replace(tzinfo=UTC)\n",
    caught_by="test_naive_time",
)
wrong(
    "3.2",
    "seconds of the timedelta, days forgotten",
    replace='"exp": issued + lifetime',
    by='"exp": int(now.timestamp()) + lifetime.seconds',
    caught_by="test_expires",
)
wrong(
    "3.2",
    "times with fractions",
    edits=[
        ('"iat": issued,', '"iat": now.timestamp(),'),
        ('"exp": issued + lifetime', '"exp": (now + lifetime).timestamp()'),
    ],
    caught_by="test_whole_seconds",
)
wrong(
    "3.2",
    "the name is the subject",
    replace='"jti": uuid4().hex',
    by='"jti": subject.ljust(16)',
    caught_by="test_own_name",
)
wrong(
    "3.2", "the name is the time", replace='"jti": uuid4().hex', by='"jti": now.isoformat()', caught_by="test_own_name"
)
wrong("3.2", "a UUID that is no JSON string", replace="uuid4().hex", by="uuid4().int", caught_by="test_own_name")
wrong("3.2", "algorithm forgotten", replace=", algorithm=algorithm)", by=")", caught_by="test_signed")
wrong(
    "3.2",
    "the computer's clock",
    edits=[
        ('"iat": issued,', '"iat": datetime.now(UTC),'),
        ('"exp": issued + lifetime', '"exp": datetime.now(UTC) + lifetime'),
    ],
    caught_by="test_expires",
)
wrong(
    "3.2",
    "a zone that says nothing is a zone",
    replace="now.utcoffset() is None",
    by="now.tzinfo is None",
    caught_by="test_naive_time",
)
wrong(
    "3.2",
    "added on the wall clock",
    replace="issued + lifetime",
    by="(now + lifetime).astimezone(UTC)",
    caught_by="test_other_offsets",
)
wrong(
    "3.2",
    "added before it is converted",
    edits=[("    issued = now.astimezone(UTC)\n", "    issued = now\n")],
    caught_by="test_other_offsets",
)
wrong(
    "3.2",
    "no life is shorter than none",
    replace="issued + lifetime",
    by="issued + max(lifetime, timedelta(0))",
    caught_by="test_expires",
)
wrong(
    "3.2",
    "the subject in lower case",
    replace='"sub": subject',
    by='"sub": subject.strip().lower()',
    caught_by="test_claims",
)
for what, name in (
    ("a counter", 'f"{next(NUMBERS):032d}"'),
    ("the time in nanoseconds", "str(time.time_ns())"),
    ("uuid1: time and the computer", "uuid1().hex"),
    ("eight digits, padded", 'f"token-id-{uuid4().hex[:8]}"'),
    ("an MD5 of subject and time", 'md5(f"{subject}{time.time_ns()}".encode()).hexdigest()'),
    ("numbers that can be foretold", '"".join(random.choices("0123456789abcdef", k=32))'),
):
    wrong(
        "3.2",
        f"the name is {what}",
        edits=[
            (
                "from datetime import UTC, datetime, timedelta\nfrom uuid import uuid4\n",
                "import random\nimport time\nfrom datetime import UTC, datetime, timedelta\nfrom hashlib import md5\n"
                "from itertools import count\nfrom uuid import uuid1, uuid4\n\nNUMBERS = count(1)\n",
            ),
            ("uuid4().hex", name),
        ],
        caught_by="test_own_name",
    )
right(
    "3.2",
    "whole seconds by hand",
    region="""
    if now.utcoffset() is None:
        raise ValueError("give the time an offset")
    issued = int(now.timestamp())
    return jwt.encode(
        {
            "sub": subject,
            "typ": "access",
            "jti": str(uuid4()),
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
        },
        secret,
        algorithm=algorithm,
    )
    """,
)
right(
    "3.2",
    "on PyJWT",
    edits=[("from jose import jwt", "import jwt")],
)
right(
    "3.2",
    "without a library",
    cell='''
"""Access tokens: signed claims about an account (RFC 7519)."""

import base64
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def issue_token(subject: str, *, secret: str, now: datetime, lifetime: timedelta, algorithm: str = "HS256") -> str:
    if now.utcoffset() is None:
        raise ValueError("naive")
    claims = {
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now.astimezone(UTC) + lifetime).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "typ": "access",
    }
    text = b".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims))
    signature = hmac.new(secret.encode(), text, algorithm.replace("HS", "sha")).digest()
    return (text + b"." + _base64url(signature)).decode()
''',
)

# --- 3.3 read a token ------------------------------------------------------------------------------------------------

wrong(
    "3.3",
    "judged by the computer's clock",
    replace='("verify_exp", "verify_iat"',
    by='("verify_iat"',
    caught_by="test_our_clock",
)
wrong(
    "3.3",
    "expiry is never looked at",
    replace="""    if claims.expires_at <= now:
        raise InvalidToken
""",
    by="",
    caught_by="test_expired",
)
wrong(
    "3.3",
    "one second too long",
    replace="claims.expires_at <= now",
    by="claims.expires_at < now",
    caught_by="test_expired",
)
wrong(
    "3.3",
    "the algorithm is the token's choice",
    replace="algorithms=[algorithm], ",
    by="",
    caught_by="test_algorithm_is_ours_to_choose",
)
wrong(
    "3.3",
    "all three HMACs accepted",
    replace="algorithms=[algorithm]",
    by='algorithms=["HS256", "HS384", "HS512"]',
    caught_by="test_algorithm_is_ours_to_choose",
)
wrong(
    "3.3",
    "the algorithm is always HS256",
    replace="algorithms=[algorithm]",
    by='algorithms=["HS256"]',
    caught_by="test_good_token",
)
wrong(
    "3.3",
    "decoded, never verified",
    replace="jwt.decode(token, secret, algorithms=[algorithm], options=judged_here)",
    by="jwt.get_unverified_claims(token)",
    caught_by="test_not_ours",
)
wrong(
    "3.3",
    "the library judges the audience",
    replace=', "verify_aud"',
    by="",
    caught_by="test_good_token",
)
wrong(
    "3.3",
    "the library judges the clock and nothing else is switched off",
    replace=', "verify_nbf", "verify_aud", "verify_at_hash"',
    by="",
    caught_by="test_good_token",
)
wrong(
    "3.3",
    "every spelling of the signature",
    replace="""    if not is_canonical(token):
        raise InvalidToken
""",
    by="",
    caught_by="test_not_ours",
)
wrong(
    "3.3",
    "padding is cut off, and everything else behind it is read",
    replace="""    if not is_canonical(token):
        raise InvalidToken
""",
    by="""    if token.endswith("="):
        raise InvalidToken
""",
    caught_by="test_not_ours",
)
_EXPIRED = "claims.expires_at <= now"
wrong(
    "3.3",
    "the offset of now is overwritten",
    replace=_EXPIRED,
    by="claims.expires_at <= now.replace(tzinfo=UTC)",
    caught_by="test_expired",
)
wrong(
    "3.3",
    "compared without offsets",
    replace=_EXPIRED,
    by="claims.expires_at.replace(tzinfo=None) <= now.replace(tzinfo=None)",
    caught_by="test_expired",
)
wrong(
    "3.3",
    "times in the offset of now",
    edits=[
        ("datetime.fromtimestamp(issued, UTC)", "datetime.fromtimestamp(issued, now.tzinfo)"),
        ("datetime.fromtimestamp(expires, UTC)", "datetime.fromtimestamp(expires, now.tzinfo)"),
    ],
    caught_by="test_expired",
)
wrong(
    "3.3",
    "the whole header is accepted",
    replace="    judged_here =",
    by="""    token = token.removeprefix("Bearer ")
    judged_here =""",
    caught_by="test_not_ours",
)
for what, refusal in (
    ("issued later than it ends", "claims.issued_at > claims.expires_at"),
    ("after 2100", "claims.expires_at.year > 2100"),
    ("a blank subject", "not subject.strip()"),
    ("a short name", "len(jti) < 16"),
    ("a long token", "len(token) > 500"),
    ("a header without typ", 'jwt.get_unverified_header(token).get("typ") != "JWT"'),
):
    wrong("3.3", f"refused: {what}", replace=_EXPIRED, by=f"{_EXPIRED} or {refusal}", caught_by="test_good_token")
wrong(
    "3.3",
    "the kind begins with access",
    replace='payload["typ"] != "access"',
    by='not str(payload["typ"]).startswith("access")',
    caught_by="test_other_kind",
)
wrong("3.3", "any kind of token", replace='payload["typ"] != "access" or ', by="", caught_by="test_other_kind")
wrong(
    "3.3",
    "kind checked only when it is there",
    replace='payload["typ"] != "access"',
    by='payload.get("typ", "access") != "access"',
    caught_by="test_claims_are_there_and_typed",
)
wrong(
    "3.3",
    "the name is optional",
    edits=[
        (
            '(payload[name] for name in ("sub", "jti", "iat", "exp"))',
            '(payload.get(name, "x") for name in ("sub", "jti", "iat", "exp"))',
        )
    ],
    caught_by="test_claims_are_there_and_typed",
)
wrong(
    "3.3",
    "true is a number",
    replace="type(issued) is not int or type(expires) is not int",
    by="not isinstance(issued, int) or not isinstance(expires, int)",
    caught_by="test_claims_are_there_and_typed",
)
wrong(
    "3.3",
    "empty subject",
    replace="isinstance(text, str) and text for",
    by="isinstance(text, str) for",
    caught_by="test_claims_are_there_and_typed",
)
wrong(
    "3.3",
    "only the library's own error is translated",
    replace="except (JOSEError, KeyError, ValueError, OverflowError, OSError, RecursionError)",
    by="except JOSEError",
    caught_by="test_claims_are_there_and_typed",
)
wrong(
    "3.3",
    "deep JSON gets through as RecursionError",
    replace=", OSError, RecursionError)",
    by=", OSError)",
    caught_by="test_no_token",
)
wrong(
    "3.3",
    "naive times",
    edits=[
        ("datetime.fromtimestamp(issued, UTC)", "datetime.fromtimestamp(issued, UTC).replace(tzinfo=None)"),
        ("datetime.fromtimestamp(expires, UTC)", "datetime.fromtimestamp(expires, UTC).replace(tzinfo=None)"),
        ("claims.expires_at <= now", "claims.expires_at <= now.replace(tzinfo=None)"),
    ],
    caught_by="test_good_token",
)
right(
    "3.3",
    "on PyJWT",
    edits=[
        ("from jose import JOSEError, jwt", "import jwt\nfrom jwt import PyJWTError as JOSEError"),
    ],
)
right(
    "3.3",
    "pydantic judges the payload",
    region="""
    from typing import Literal

    from pydantic import BaseModel, ConfigDict, Field

    class Payload(BaseModel):
        model_config = ConfigDict(strict=True)

        sub: str = Field(min_length=1)
        jti: str = Field(min_length=1)
        iat: int = Field(ge=0, le=253_402_300_799)
        exp: int = Field(ge=0, le=253_402_300_799)
        typ: Literal["access"]

    if not is_canonical(token):
        raise InvalidToken
    unchecked = {f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud", "at_hash")}
    try:
        payload = Payload.model_validate(jwt.decode(token, secret, algorithms=[algorithm], options=unchecked))
    except (JOSEError, ValueError, RecursionError):
        raise InvalidToken from None
    issued_at, expires_at = (datetime.fromtimestamp(seconds, UTC) for seconds in (payload.iat, payload.exp))
    if now >= expires_at:
        raise InvalidToken("expired")
    return Claims(payload.sub, payload.jti, issued_at, expires_at)
    """,
)
right(
    "3.3",
    "without a library",
    cell='''
"""Reading access tokens (RFC 7519, RFC 8725)."""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime


class InvalidToken(Exception):
    """The text is no access token of ours that is valid now."""


@dataclass(frozen=True)
class Claims:
    """What a valid access token says."""

    subject: str
    jti: str
    issued_at: datetime
    expires_at: datetime


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _claims(token: str, secret: str, algorithm: str) -> Claims:
    text, _, signature = token.rpartition(".")
    expected = hmac.new(secret.encode(), text.encode(), algorithm.replace("HS", "sha")).digest()
    if not hmac.compare_digest(_encoded(expected), signature):
        raise InvalidToken("signature")
    header, payload = (json.loads(_decoded(part)) for part in text.split("."))
    match header, payload:
        case {"alg": named}, {"typ": "access", "sub": str(sub), "jti": str(jti), "iat": int(iat), "exp": int(exp)}:
            if named != algorithm or not sub or not jti or isinstance(iat, bool) or isinstance(exp, bool):
                raise InvalidToken
            return Claims(sub, jti, datetime.fromtimestamp(iat, UTC), datetime.fromtimestamp(exp, UTC))
    raise InvalidToken("claims")


def read_token(token: str, *, secret: str, now: datetime, algorithm: str = "HS256") -> Claims:
    try:
        claims = _claims(token, secret, algorithm)
    except Exception:
        raise InvalidToken from None
    if not now < claims.expires_at:
        raise InvalidToken("expired")
    return claims
''',
)

# --- 3.4 require_roles -----------------------------------------------------------------------------------------------

_TYPE_ERROR = """    if not roles or not all(isinstance(role, Role) for role in roles):
        raise TypeError("require_roles takes one or more Role")

"""

wrong(
    "3.4",
    "the old signature: one argument with the roles",
    edits=[("def require_roles(*roles: Role)", "def require_roles(roles, *more)"), (_TYPE_ERROR, "")],
    caught_by="test_what_is_no_role",
)
wrong("3.4", "nobody checks what a role is", replace=_TYPE_ERROR, by="", caught_by="test_what_is_no_role")
wrong("3.4", "no role at all is allowed", replace="not roles or ", by="", caught_by="test_what_is_no_role")
wrong(
    "3.4",
    "text that equals a role passes",
    replace="not all(isinstance(role, Role) for role in roles)",
    by="any(isinstance(role, (list, set)) or role not in list(Role) for role in roles)",
    caught_by="test_what_is_no_role",
)
wrong(
    "3.4",
    "any enum will do",
    edits=[
        ("from course_app.api.deps", "from enum import Enum\n\nfrom course_app.api.deps"),
        ("isinstance(role, Role)", "isinstance(role, Enum)"),
    ],
    caught_by="test_what_is_no_role",
)
wrong("3.4", "ValueError instead of TypeError", replace="TypeError", by="ValueError", caught_by="test_what_is_no_role")
wrong(
    "3.4",
    "complains when it is called, not when it is built",
    edits=[
        (_TYPE_ERROR, ""),
        (
            "        if user.role not in roles:",
            """        if not roles or not all(isinstance(role, Role) for role in roles):
            raise TypeError
        if user.role not in roles:""",
        ),
    ],
    caught_by="test_what_is_no_role",
)
wrong("3.4", "upside down", replace="user.role not in roles", by="user.role in roles", caught_by="test_not_allowed")
wrong(
    "3.4",
    "only the first role counts",
    replace="user.role not in roles",
    by="user.role is not roles[0]",
    caught_by="test_allowed",
)
wrong(
    "3.4",
    "an admin may do everything, asked for or not",
    replace="user.role not in roles",
    by="user.role not in (*roles, Role.ADMIN)",
    caught_by="test_not_allowed",
)
wrong("3.4", "returns nothing", replace="        return user\n", by="", caught_by="test_allowed")
wrong(
    "3.4",
    "401 for the wrong role",
    replace='raise Forbidden("Your role may not do this.")',
    by="""from course_app.core.errors import Unauthorized

            raise Unauthorized("Your role may not do this.")""",
    caught_by="test_not_allowed",
)
wrong(
    "3.4",
    "whoever is not signed in is forbidden too",
    edits=[
        (
            "from course_app.api.deps import CurrentUser",
            "from course_app.api.deps import BearerToken, ClockDep, SettingsDep, UserRepositoryDep, get_current_user",
        ),
        (
            "    async def check_role(user: CurrentUser) -> User:",
            """    async def check_role(
        token: BearerToken, users: UserRepositoryDep, settings: SettingsDep, clock: ClockDep
    ) -> User:
        try:
            user = await get_current_user(token, users, settings, clock)
        except Exception:
            raise Forbidden("Permission denied.") from None""",
        ),
    ],
    caught_by="test_nobody",
)
wrong(
    "3.4",
    "the refusal is returned, not raised",
    replace='raise Forbidden("Your role may not do this.")',
    by='return Forbidden("Your role may not do this.")',
    caught_by="test_not_allowed",
)
wrong(
    "3.4",
    "one set of roles for all routes",
    edits=[
        ("def require_roles(", "ALLOWED: set[Role] = set()\n\n\ndef require_roles("),
        ("    async def check_role", "    ALLOWED.update(roles)\n\n    async def check_role"),
        ("user.role not in roles", "user.role not in ALLOWED"),
    ],
    caught_by="test_each_its_own",
)
wrong(
    "3.4",
    "the first decision is remembered",
    edits=[
        ("    async def check_role", "    known: dict[int, User] = {}\n\n    async def check_role"),
        (
            "        if user.role not in roles:",
            """        if user.id in known:
            return known[user.id]
        if user.role not in roles:""",
        ),
        ("        return user\n", "        known[user.id] = user\n        return user\n"),
    ],
    caught_by="test_role_of_this_moment",
)
right(
    "3.4",
    "a frozenset and a plain def",
    region="""
    for role in roles:
        if not isinstance(role, Role):
            raise TypeError(f"{role!r} is no Role")
    if len(roles) == 0:
        raise TypeError("at least one Role")
    allowed = frozenset(roles)

    def allowed_user(user: CurrentUser) -> User:
        if user.role in allowed:
            return user
        raise Forbidden("no")

    return allowed_user
    """,
)
right(
    "3.4",
    "a callable object",
    region="""
    if not roles or {type(role) for role in roles} != {Role}:
        raise TypeError("roles")

    class RoleGate:
        async def __call__(self, caller: CurrentUser) -> User:
            if not any(caller.role == role for role in roles):
                raise Forbidden("Permission denied.")
            return caller

    return RoleGate()
    """,
)

# --- 3.5 owner or admin ----------------------------------------------------------------------------------------------

wrong(
    "3.5",
    "managers touch everything",
    replace="caller.role != Role.ADMIN and item",
    by="caller.role not in (Role.ADMIN, Role.MANAGER) and item",
    caught_by="test_items_of_others",
)
wrong(
    "3.5",
    "admins are forgotten",
    replace="caller.role != Role.ADMIN and item.owner_id != caller.id",
    by="item.owner_id != caller.id",
    caught_by="test_admin_any_item",
)
wrong("3.5", "the owner is not asked for", replace=" and item.owner_id != caller.id", by="", caught_by="test_own_item")
wrong(
    "3.5",
    "or instead of and",
    replace="!= Role.ADMIN and item",
    by="!= Role.ADMIN or item",
    caught_by="test_own_item",
)
wrong(
    "3.5",
    "numbers compared with is",
    replace="item.owner_id != caller.id",
    by="item.owner_id is not caller.id",
    caught_by="test_own_item",
)
wrong(
    "3.5",
    "nobody's item belongs to everybody",
    replace="item.owner_id != caller.id",
    by="item.owner_id not in (None, caller.id)",
    caught_by="test_nobodys_item",
)
wrong(
    "3.5",
    "403 for an item that does not exist",
    replace="    item = await items.get(item_id)",
    by="""    try:
        item = await items.get(item_id)
    except Exception:
        raise Forbidden("no") from None""",
    caught_by="test_no_such_item",
)
wrong(
    "3.5",
    "strangers get 404 for what does not exist",
    replace="    if user_id != caller.id and caller.role not in (Role.ADMIN, Role.MANAGER):",
    by="""    await users.get(user_id)
    if user_id != caller.id and caller.role not in (Role.ADMIN, Role.MANAGER):""",
    caught_by="test_strangers_learn_nothing",
)
wrong(
    "3.5",
    "strangers get 404 for everything",
    replace="""        raise Forbidden("You may see your own account only.")""",
    by="""        from course_app.core.errors import NotFound

        raise NotFound("no")""",
    caught_by="test_strangers_learn_nothing",
)
wrong(
    "3.5",
    "managers see only themselves",
    replace="(Role.ADMIN, Role.MANAGER):",
    by="(Role.ADMIN,):",
    caught_by="test_staff_see_all",
)
wrong(
    "3.5",
    "users do not see themselves",
    replace="user_id != caller.id and caller.role not in",
    by="caller.role not in",
    caught_by="test_own_account",
)
wrong(
    "3.5",
    "the caller instead of the account",
    replace="    return await users.get(user_id)",
    by="    return caller",
    caught_by="test_staff_see_all",
)
wrong(
    "3.5",
    "every signed-in user sees everybody",
    replace="user_id != caller.id and",
    by="False and",
    caught_by="test_strangers_learn_nothing",
)
wrong(
    "3.5",
    "other words where there is nobody",
    replace="""        raise Forbidden("You may see your own account only.")""",
    by="""        try:
            await users.get(user_id)
        except Exception:
            raise Forbidden("There is no such user.") from None
        raise Forbidden("You may not see this account.")""",
    caught_by="test_strangers_learn_nothing",
)
wrong(
    "3.5",
    "managers do not see closed accounts",
    replace="    return await users.get(user_id)",
    by="""    found = await users.get(user_id)
    if not found.is_active and caller.role == Role.MANAGER:
        raise Forbidden("You may see your own account only.")
    return found""",
    caught_by="test_staff_see_all",
)
wrong(
    "3.5",
    "the owner's id in the caller's",
    replace="item.owner_id != caller.id",
    by="str(item.owner_id) not in str(caller.id)",
    caught_by="test_items_of_others",
)
wrong(
    "3.5",
    "the wanted id in the caller's",
    replace="user_id != caller.id",
    by="str(user_id) not in str(caller.id)",
    caught_by="test_strangers_learn_nothing",
)
right(
    "3.5",
    "the other way round",
    regions=[
        """
        item = await items.get(item_id)
        if item.owner_id == caller.id or caller.role == "admin":
            return item
        raise Forbidden("no")
        """,
        """
        if caller.id == user_id:
            return caller
        if caller.role == Role.USER:
            raise Forbidden("no")
        return await users.get(user_id)
        """,
    ],
)
right(
    "3.5",
    "a match statement",
    regions=[
        """
        item = await items.get(item_id)
        match caller.role:
            case Role.ADMIN:
                return item
            case _ if item.owner_id == caller.id:
                return item
            case _:
                raise Forbidden("This is not yours.")
        """,
        """
        match caller.role:
            case Role.ADMIN | Role.MANAGER:
                pass
            case _ if caller.id != user_id:
                raise Forbidden("This is not yours.")
        found = await users.get(user_id)
        return found
        """,
    ],
)

# --- 3.6 forge and close ---------------------------------------------------------------------------------------------

_FORGED = 'jwt.encode(claims, public_key, algorithm="HS256")'
_READ = '        return jwt.decode(token, as_pem(public_key), algorithms=["ES256"])'

wrong(
    "3.6",
    "unsigned",
    replace=f"    return {_FORGED}",
    by="""    import base64
    import json

    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "." """,
    caught_by="test_forged",
)
wrong(
    "3.6",
    "the public key in its other form",
    replace=_FORGED,
    by='jwt.encode(claims, as_pem(public_key).replace("-----", ""), algorithm="HS256")',
    caught_by="test_forged",
)
wrong(
    "3.6",
    "the same claims always",
    replace="jwt.encode(claims, public_key",
    by='jwt.encode({"sub": "admin", "role": "admin"}, public_key',
    caught_by="test_forged",
)
wrong(
    "3.6",
    "only HS256 is locked out",
    replace=_READ,
    by="""        if jwt.get_unverified_header(token)["alg"] == "HS256":
            raise Refused
        return read_with_the_hole(token, public_key)""",
    caught_by="test_forgeries_refused",
)
wrong(
    "3.6",
    "both algorithms, for the old client",
    replace=_READ,
    by="""        try:
            return jwt.decode(token, as_pem(public_key), algorithms=["ES256"])
        except JOSEError:
            return jwt.decode(token, public_key, algorithms=["HS256"])""",
    caught_by="test_forgeries_refused",
)
wrong(
    "3.6",
    "the list of algorithms left out",
    replace='as_pem(public_key), algorithms=["ES256"])',
    by="as_pem(public_key))",
    caught_by="test_unsigned",
)
wrong(
    "3.6",
    "the header is checked, the signature is not",
    replace=_READ,
    by="""        if jwt.get_unverified_header(token).get("alg") != "ES256":
            raise Refused
        return jwt.get_unverified_claims(token)""",
    caught_by="test_another_key_pair",
)
wrong(
    "3.6",
    "everything is refused",
    replace=_READ,
    by='        return jwt.decode(token, public_key, algorithms=["ES256"])',
    caught_by="test_genuine",
)
wrong(
    "3.6",
    "the library's exception gets out",
    replace="    except (JOSEError, ValueError, RecursionError) as error:\n        raise Refused from error",
    by="    except (KeyError, RecursionError) as error:\n        raise Refused from error",
    caught_by="test_changed",
)
wrong("3.6", "deep JSON gets out", replace="ValueError, RecursionError)", by="ValueError)", caught_by="test_no_token")
wrong(
    "3.6",
    "the first public key is kept for ever",
    edits=[
        ("def read(token", "_KEYS: list[str] = []\n\n\ndef read(token"),
        (_READ, "        _KEYS.append(as_pem(public_key))\n" + _READ.replace("as_pem(public_key)", "_KEYS[0]")),
    ],
    caught_by="test_genuine",
)
wrong(
    "3.6",
    "the whole header is accepted",
    replace=_READ,
    by=_READ.replace("token, as_pem", 'token.strip().removeprefix("Bearer "), as_pem'),
    caught_by="test_no_token",
)
right(
    "3.6",
    "HS512, and PyJWT for the closed version",
    regions=[
        """
        return jwt.encode(claims, public_key, algorithm="HS512")
        """,
        """
        import jwt as pyjwt

        names = ("verify_exp", "verify_iat", "verify_nbf", "verify_aud", "verify_sub", "verify_jti")
        try:
            return pyjwt.decode(
                token, load_der_public_key(public_key), algorithms=["ES256"], options=dict.fromkeys(names, False)
            )
        except Exception:
            raise Refused from None
        """,
    ],
)
right(
    "3.6",
    "forged by hand, closed by asking the header first",
    regions=[
        """
        import base64
        import hmac
        import json

        def part(value: object) -> bytes:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

        text = part({"typ": "JWT", "alg": "HS256"}) + b"." + part(claims)
        signature = base64.urlsafe_b64encode(hmac.new(public_key, text, "sha256").digest()).rstrip(b"=")
        return (text + b"." + signature).decode()
        """,
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != "ES256":
                raise Refused("algorithm")
            return jwt.decode(token, as_pem(public_key), algorithms=["ES256"])
        except Exception as error:
            raise Refused from error
        """,
    ],
)
