"""The checks of chapter 03."""

import base64
import hmac
import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import Depends

from coursekit.testing import answer, expect_equal, expect_status, raises, raises_async, told

SECRET = "the secret of the checks of chapter three: 64 characters of text"
DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signature_of(signed: str, secret: str | bytes, algorithm: str) -> str:
    key = secret.encode() if isinstance(secret, str) else secret
    return base64url(hmac.new(key, signed.encode(), DIGESTS[algorithm]).digest())


def signed(
    payload: object, *, secret: str | bytes = SECRET, algorithm: str = "HS256", header: str | None = None
) -> str:
    """A token made by hand, so that no check depends on the library that the answer uses."""
    head = header or json.dumps({"alg": algorithm, "typ": "JWT"})
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{base64url(head.encode())}.{base64url(body)}"
    return f"{text}.{signature_of(text, secret, algorithm)}"


def foreign(header: str) -> str:
    """A token with this header that a stranger made."""
    return signed(b"{}", secret="x" * 64, header=header)


def part_of(token: object, index: int) -> dict[str, Any]:
    """The header (0) or the payload (1) of a token. Assert that it is one."""
    try:
        part = json.loads(unbase64url(str(token).split(".")[index]))
    except (ValueError, IndexError):
        part = None
    assert isinstance(part, dict), told(
        "the result of issue_token", "a signed JWT, a text of three parts", repr(token)[:60]
    )
    return part


CHEAP_HEAD = "$argon2id$v=19$m=8,t=1,p=1"
SALT = "$c2FsdHNhbHRzYWx0c2FsdA$"
SUNSHINE1 = f"{CHEAP_HEAD}{SALT}nZ0s1kGFRpzqPQk3juYnEg"
OTHERS = {
    "Sunshine1": SUNSHINE1,
    "e\u0301": f"{CHEAP_HEAD}{SALT}uuT36kizO9p7GVcFtjV6iQ",
    "\ufb01": f"{CHEAP_HEAD}{SALT}k/W3QVrHETgerO/qsjNTCg",
    "a\0b": f"{CHEAP_HEAD}{SALT}anehrU6A+RoYlqHcSK/YyQ",
    "pass\n": f"{CHEAP_HEAD}{SALT}PUmqSlC0NNc7nSd29B88Sg",
    "x" * 2000: f"{CHEAP_HEAD}{SALT}zr1kwx6JVQEFkH16qoSnGQ",
    "?": f"{CHEAP_HEAD}{SALT}r6Ek/S7TtP3ys2mWMO2uLw",
    "x" * 4096: f"{CHEAP_HEAD}{SALT}0U+RghCZUqV2R/DGA62pxA",
}
"""Hashes of these passwords that argon2-cffi made."""
OF_A_SURROGATE = f"{CHEAP_HEAD}{SALT}h2S7Et5T2X7Gn9dehRiJcA"
"""What argon2-cffi makes of the bytes ED A0 80, which some take for the UTF-8 of half a surrogate pair."""
PREFIX = "$argon2id$v=19$m=64,t=2,p=2$"
VERSION_16 = f"$argon2id$v=16$m=64,t=2,p=2{SALT}/3iKA7XKiRfNdjQmsg8ohA"


@pytest.mark.exercise("3.1")
class TestPasswords:
    def test_hash_says_its_cost(self):
        """The hash is Argon2id at exactly the cost that was asked for."""
        for passes, memory, lanes in ((1, 8, 1), (2, 64, 1), (3, 40, 2)):
            hashed = answer.hash_password("Sunshine1", answer.Cost(passes, memory, lanes))
            head = f"$argon2id$v=19$m={memory},t={passes},p={lanes}$"
            sent = f"hash_password('Sunshine1', Cost({passes}, {memory}, {lanes}))"
            assert str(hashed).startswith(head), told(sent, f"a text that starts with {head}", hashed)

    def test_salted(self):
        """The same password never gives the same hash twice."""
        hashes = {answer.hash_password("Sunshine1", answer.CHEAP) for _ in range(5)}
        assert len(hashes) == 5, told(
            "five times hash_password('Sunshine1', CHEAP)", "5 different hashes", f"{len(hashes)}"
        )

    @pytest.mark.parametrize(
        "password", ["Sunshine1", "Grüße aus Kyōto 東京 9", "", "x" * 128, " Sunshine1 ", "a\0b\n"]
    )
    def test_right_password(self, password):
        """The password that was hashed verifies, whatever its characters, by another library too."""
        hashed = answer.hash_password(password, answer.CHEAP)
        got = answer.verify_password(password, hashed)
        assert got is True, told(f"verify_password({password[:20]!r}, its own hash)", True, got)
        try:
            PasswordHasher().verify(hashed, password)
        except (Argon2Error, ValueError):
            sent = f"argon2-cffi, asked to verify {password[:20]!r} with the hash that hash_password made of it"
            raise AssertionError(told(sent, "a match", "no match")) from None

    @pytest.mark.parametrize(
        ("password", "other"),
        [
            ("Sunshine1", "sunshine1"),
            ("Sunshine1", "Sunshine1 "),
            ("Sunshine1", ""),
            ("x" * 72 + "Sunshine1", "x" * 72 + "Teatime22"),
            ("x" * 128, "x" * 127),
            ("e\u0301", "\xe9"),
            ("\ufb01", "fi"),
            ("a\0b", "a"),
            ("pass\n", "pass"),
            ("x" * 4096, "x" * 5000),
        ],
    )
    def test_wrong_password(self, password, other):
        """Another password does not verify: one other character, another spelling, a part of it."""
        hashed = OTHERS.get(password) or answer.hash_password(password, answer.CHEAP)
        got = answer.verify_password(other, hashed)
        sent = (
            f"verify_password(...{other[-12:]!a}, of {len(other)}; hash of ...{password[-12:]!a}, of {len(password)})"
        )
        assert got is False, told(sent, False, got)

    def test_verifies_at_any_cost(self):
        """A hash verifies at whatever cost and by whichever library it was made."""
        for cost in (answer.Cost(1, 8, 1), answer.Cost(2, 128, 1), answer.Cost(4, 64, 2)):
            hashed = answer.hash_password("Sunshine1", cost)
            right, wrong = answer.verify_password("Sunshine1", hashed), answer.verify_password("Sunshine2", hashed)
            assert (right, wrong) == (True, False), told(
                f"the right and a wrong password with a hash of {cost}", (True, False), (right, wrong)
            )
        for password in ("Sunshine1", "e\u0301", "\ufb01", "a\0b", "pass\n", "x" * 2000):
            got = answer.verify_password(password, OTHERS[password])
            sent = (
                f"verify_password({password[:20]!a}, a hash that argon2-cffi made of these {len(password)} characters)"
            )
            assert got is True, told(sent, True, got)

    @pytest.mark.parametrize(
        "garbage",
        [
            "",
            "migrated-2019",
            "Sunshine1",
            "$argon2id$v=19$m=8",
            "$argon2id$v=19$m=0,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=8,t=1,p=1$!!$!!",
            "$2b$12$" + "a" * 53,
            "\ud800",
            SUNSHINE1.replace("p=1", "p=1,keyid=AAAA"),
            SUNSHINE1.replace("p=1", "p=1,data=AAAA"),
            SUNSHINE1.rpartition("$")[0],
            SUNSHINE1 + "\n",
        ],
    )
    def test_garbage_is_no_match(self, garbage):
        """A stored text that is no hash is False, not an exception."""
        try:
            got = answer.verify_password("Sunshine1", garbage)
        except Exception as error:
            got = f"{type(error).__name__} was raised"
        assert got is False, told(f"verify_password('Sunshine1', {garbage!r})", False, got)

    @pytest.mark.parametrize(
        "password", ["x" * 100_000, "Sunshine1\ud800", "\ud800"], ids=["gigantic", "no UTF-8", "surrogate"]
    )
    def test_impossible_password(self, password):
        """A gigantic password or one that has no UTF-8 form is False, not an exception."""
        made = answer.hash_password("Sunshine1", answer.CHEAP)
        for what, hashed in (("Sunshine1", made), ("?", OTHERS["?"]), ("the bytes ED A0 80", OF_A_SURROGATE)):
            try:
                got = answer.verify_password(password, hashed)
            except Exception as error:
                got = f"{type(error).__name__} was raised"
            sent = f"verify_password({password[:12]!r} of {len(password)} characters, a hash of {what})"
            assert got is False, told(sent, False, got)

    def test_needs_rehash(self):
        """A hash needs renewal exactly when its cost is another: fewer or more passes, memory or lanes."""
        wanted = answer.Cost(2, 64, 2)
        for cost in ((2, 64, 2), (1, 64, 2), (3, 64, 2), (2, 32, 2), (2, 128, 2), (2, 64, 1), (2, 64, 3)):
            hashed = answer.hash_password("Sunshine1", answer.Cost(*cost))
            got, expected = answer.needs_rehash(hashed, wanted), cost != (2, 64, 2)
            assert got is expected, told(f"needs_rehash(a hash of Cost{cost}, Cost(2, 64, 2))", expected, got)
        argon2i = PasswordHasher(2, 64, 2, type=Type.I).hash("Sunshine1")
        cut_off = (PREFIX, PREFIX + "junk", VERSION_16, PREFIX[:-1] + ",keyid=AAAA" + SALT + "aGFzaGhhc2g")
        for garbage in ("", "migrated-2019", "$2b$12$" + "a" * 53, "$argon2id$v=19$m=8", argon2i, *cut_off):
            try:
                got = answer.needs_rehash(garbage, wanted)
            except Exception as error:
                got = f"{type(error).__name__} was raised"
            assert got is True, told(f"needs_rehash({garbage!r})", True, got)


NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)
NINE_SECONDS = 1_767_258_000


def issue(subject: str = "ada", **changes: Any) -> str:
    call = {"secret": SECRET, "now": NINE, "lifetime": timedelta(minutes=15)} | changes
    return answer.issue_token(subject, **call)


class Berlin(tzinfo):
    """Berlin in 2026: 02:00 to 03:00 does not exist on 29 March, and comes twice on 25 October."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        assert moment is not None
        wall = moment.replace(tzinfo=None)
        ends = datetime(2026, 10, 25, 2 if moment.fold else 3)
        return timedelta(hours=2 if datetime(2026, 3, 29, 2) <= wall < ends else 1)

    def dst(self, moment: datetime | None) -> timedelta:
        return self.utcoffset(moment) - timedelta(hours=1)

    def tzname(self, moment: datetime | None) -> str:
        return "Berlin"


class Silent(tzinfo):
    """A zone that says nothing: its times are naive, as Python defines the word."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


@pytest.mark.exercise("3.2")
class TestIssueToken:
    def test_claims(self):
        """The token says sub, iat, exp, jti and typ, and nothing else."""
        claims = part_of(issue("3f2a"), 1)
        expected = ["exp", "iat", "jti", "sub", "typ"]
        assert sorted(claims) == expected, told("the claims of a new token", expected, sorted(claims))
        for subject in ("3f2a", " Ab-C_d "):
            claims = part_of(issue(subject), 1)
            got = (claims.get("sub"), claims.get("typ"))
            assert got == (subject, "access"), told(
                f"issue_token({subject!r}, ...): sub and typ", (subject, "access"), got
            )

    @pytest.mark.parametrize("seconds", [1, 900, 86_400, 3 * 86_400 + 1, -60])
    def test_expires(self, seconds):
        """The token ends one lifetime after it was issued."""
        claims = part_of(issue(lifetime=timedelta(seconds=seconds)), 1)
        got = (claims.get("iat"), claims.get("exp"))
        expected = (NINE_SECONDS, NINE_SECONDS + seconds)
        sent = f"now=2026-01-01 09:00 UTC, lifetime={timedelta(seconds=seconds)}: iat and exp"
        assert got == expected, told(sent, expected, got)

    def test_no_length(self):
        """A lifetime of zero is zero, not a default."""
        claims = part_of(issue(lifetime=timedelta(0)), 1)
        got = (claims.get("iat"), claims.get("exp"))
        expect_equal(got, (NINE_SECONDS, NINE_SECONDS), "lifetime=timedelta(0): iat and exp")

    @pytest.mark.parametrize(
        "now",
        [
            *(NINE.astimezone(timezone(timedelta(hours=hours))) for hours in (-5, 1, 5.5)),
            datetime(2026, 3, 29, 1, 50, tzinfo=Berlin()),
            datetime(2026, 10, 25, 2, 30, tzinfo=Berlin()),
            datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=Berlin()),
        ],
        ids=["New York", "Berlin", "Delhi", "Berlin in March", "the first 02:30", "the second 02:30"],
    )
    def test_other_offsets(self, now):
        """The same moment gives the same times, whatever its offset, also when the clocks change before the end."""
        claims = part_of(issue(now=now, lifetime=timedelta(minutes=90)), 1)
        got, issued = (claims.get("iat"), claims.get("exp")), int(now.timestamp())
        sent = f"now={now}, fold={now.fold}, lifetime 90 minutes: iat and exp"
        assert got == (issued, issued + 5400), told(sent, (issued, issued + 5400), got)

    def test_whole_seconds(self):
        """Times are whole numbers, fractions cut off."""
        claims = part_of(issue(now=NINE + timedelta(milliseconds=900)), 1)
        expect_equal(claims.get("iat"), NINE_SECONDS, "now=09:00:00.9: iat")
        expect_equal(claims.get("exp"), NINE_SECONDS + 900, "now=09:00:00.9: exp")

    def test_naive_time(self):
        """A time without offset is refused with ValueError."""
        raises(ValueError, issue, now=datetime(2026, 1, 1, 9), sent="now=datetime(2026, 1, 1, 9), which has no offset")
        silent = datetime(2026, 1, 1, 9, tzinfo=Silent())
        raises(ValueError, issue, now=silent, sent="now with a tzinfo and utcoffset() None, which has no offset either")

    def test_own_name(self, monkeypatch):
        """Every token has a name (jti) of its own, random and at least 16 characters long."""
        names = [part_of(issue(), 1).get("jti") for _ in range(300)]
        texts = [name for name in names if isinstance(name, str) and len(name) >= 16]
        assert len(texts) == 300, told("300 tokens: jti", "strings of 16 characters or more", repr(names[0]))
        assert len(set(names)) == 300, told("300 tokens: how many different jti", 300, len(set(names)))
        varied = sum(len(set(column)) >= 8 for column in zip(*texts, strict=False))
        sent = f"300 tokens, such as jti={names[0]!r}: places with 8 different characters or more"
        assert varied >= 16, told(sent, "16 or more", varied)
        state = random.getstate()
        for name in ("time", "time_ns"):
            monkeypatch.setattr(time, name, lambda: 1_767_258_000)
        twins = []
        for _ in range(2):
            random.seed(0)
            twins.append(part_of(issue(), 1).get("jti"))
        random.setstate(state)
        sent = "two tokens with the time standing still and random.seed(0) before each: their jti"
        assert twins[0] != twins[1], told(sent, "two different ones", f"twice {twins[0]!r}")

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_signed(self, algorithm):
        """The token is signed with the secret and the algorithm that were handed in."""
        token = issue(algorithm=algorithm)
        named = part_of(token, 0).get("alg")
        assert named == algorithm, told(f"algorithm={algorithm!r}: the header's alg", algorithm, named)
        text, _, signature = token.rpartition(".")
        assert signature == signature_of(text, SECRET, algorithm), told(
            f"algorithm={algorithm!r}", "a signature made with the secret", "another signature"
        )


GOOD = {"sub": "3f2a", "jti": "0123456789abcdef", "iat": NINE_SECONDS, "exp": NINE_SECONDS + 900, "typ": "access"}


BAD_VALUES: dict[str, list[object]] = {
    "sub": [None, 5, "", ["ada"], {"a": 1}],
    "jti": [None, 5, "", ["a"], {"a": 1}],
    "iat": [None, "yesterday", str(NINE_SECONDS), True, 1.5, 10**20, -(10**20), [NINE_SECONDS]],
    "exp": [None, str(NINE_SECONDS + 900), True, NINE_SECONDS + 900.5, 10**20, 1e400, float("nan"), [NINE_SECONDS]],
    "typ": [None, True],
}


MORE_CLAIMS: list[dict[str, object]] = [
    {"nickname": "Ada"},
    {"aud": "somebody else"},
    {"at_hash": "x"},
    {"nbf": NINE_SECONDS + 10**9},
    {"iat": NINE_SECONDS + 10**6},
    {"jti": "7"},
    {"sub": " "},
    {"exp": 7_258_118_400},
    {"nickname": "Ada" * 300},
]
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def read(token: str, **changes: Any) -> Any:
    return answer.read_token(token, **({"secret": SECRET, "now": NINE} | changes))


def accepted(token: str, sent: str, **changes: Any) -> Any:
    """What `read_token` returns. Assert that it does."""
    try:
        return read(token, **changes)
    except answer.InvalidToken:
        raise AssertionError(told(sent, "its claims", "InvalidToken")) from None


def refused(token: str, sent: str, **changes: Any) -> None:
    """Assert that `token` raises InvalidToken, and nothing else."""
    try:
        claims = read(token, **changes)
    except answer.InvalidToken:
        return
    except Exception as error:
        raise AssertionError(told(sent, "InvalidToken", f"{type(error).__name__} was raised")) from None
    raise AssertionError(told(sent, "InvalidToken", repr(claims)))


def without(name: str) -> dict[str, Any]:
    return {claim: value for claim, value in GOOD.items() if claim != name}


@pytest.mark.exercise("3.3")
class TestReadToken:
    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_good_token(self, algorithm):
        """A token in order is read: its subject, its name, its two times in UTC, whatever other claims it has."""
        token = signed(GOOD, algorithm=algorithm)
        claims = accepted(token, f"a token in order, signed with {algorithm}", algorithm=algorithm)
        got = (claims.subject, claims.jti, claims.issued_at, claims.expires_at)
        expected = ("3f2a", "0123456789abcdef", NINE, NINE + timedelta(minutes=15))
        assert got == expected, told("a token in order", expected, got)
        offsets = [moment.utcoffset() for moment in got[2:]]
        assert offsets == [timedelta(0)] * 2, told("the offsets of issued_at and expires_at", "UTC", offsets)
        for extra in MORE_CLAIMS:
            sent = f"such a token with {str(extra)[:40]}"
            accepted(signed(GOOD | extra, algorithm=algorithm), sent, algorithm=algorithm)
        bare = signed(GOOD, algorithm=algorithm, header=json.dumps({"alg": algorithm}))
        accepted(bare, "a token whose header has no typ", algorithm=algorithm)

    def test_not_ours(self):
        """A signature by another secret, in another spelling or cut off is refused, and a changed payload."""
        refused(signed(GOOD, secret="x" * 64), "a token signed with another secret")
        head, _, signature = signed(GOOD).split(".")
        promoted = base64url(json.dumps(GOOD | {"sub": "admin"}).encode())
        refused(f"{head}.{promoted}.{signature}", "a token whose payload was changed")
        refused(signed(GOOD).rpartition(".")[0] + ".", "a token without its signature")
        refused(signed(GOOD)[:-4], "a token with its last four characters cut off")
        for tail in ("=", "==", "!!", " ", "\n", "é", "A"):
            refused(signed(GOOD) + tail, f"a token in order with {tail!r} behind it")
        refused("Bearer " + signed(GOOD), "a token in order with 'Bearer ' in front")
        last = BASE64URL.index(signature[-1])
        refused(signed(GOOD)[:-1] + BASE64URL[last + 1], "a token with an unused bit of its last character set")

    @pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "HS384", "hs256", "RS256"])
    def test_algorithm_is_ours_to_choose(self, algorithm):
        """Only the one algorithm that was asked for is accepted, whatever the token names."""
        header = json.dumps({"alg": algorithm, "typ": "JWT"})
        digest = algorithm if algorithm in DIGESTS else "HS256"
        refused(
            signed(GOOD, header=header, algorithm=digest), f"a token with alg={algorithm!r} where HS256 is expected"
        )
        text = signed(GOOD, header=header, algorithm=digest).rpartition(".")[0]
        refused(text + ".", f"a token with alg={algorithm!r} and no signature")
        if algorithm in DIGESTS:
            refused(signed(GOOD), f"a token with alg='HS256' where {algorithm} is expected", algorithm=algorithm)

    def test_expired(self):
        """A token is over at the very second of exp, and not one second before."""
        token = signed(GOOD)
        ends = NINE + timedelta(minutes=15)
        refused(token, "a token one second after exp", now=ends + timedelta(seconds=1))
        for hours in (0, 5.5, -5):
            zone = timezone(timedelta(hours=hours))
            sent = f"a token one second before exp, now with offset {hours:+} hours"
            claims = accepted(token, sent, now=(ends - timedelta(seconds=1)).astimezone(zone))
            offsets = [moment.utcoffset() for moment in (claims.issued_at, claims.expires_at)]
            assert offsets == [timedelta(0)] * 2, told(f"{sent}: offsets of its times", "UTC", offsets)
            refused(token, f"a token at exp, now with offset {hours:+} hours", now=ends.astimezone(zone))

    @pytest.mark.parametrize("year", [2001, 2090])
    def test_our_clock(self, year):
        """Expiry is judged by `now`, not by the computer's clock."""
        now = datetime(year, 6, 1, tzinfo=UTC)
        seconds = int(now.timestamp())
        token = signed(GOOD | {"iat": seconds, "exp": seconds + 60})
        sent = f"a token of June {year}, read in June {year}"
        subject = accepted(token, sent, now=now).subject
        assert subject == "3f2a", told(sent, "3f2a", subject)
        refused(token, f"the same token a minute later, in {year}", now=now + timedelta(seconds=60))

    @pytest.mark.parametrize("kind", ["refresh", "Access", "access_refresh", "", 1, ["access"]])
    def test_other_kind(self, kind):
        """A token made for another purpose is no access token."""
        refused(signed(GOOD | {"typ": kind}), f"a token with typ={kind!r}")

    @pytest.mark.parametrize("name", ["sub", "jti", "iat", "exp", "typ"])
    def test_claims_are_there_and_typed(self, name):
        """A claim that is missing, of the wrong type or out of range is refused and never crashes."""
        refused(signed(without(name)), f"a token without {name}")
        for value in BAD_VALUES[name]:
            refused(signed(GOOD | {name: value}), f"a token with {name}={value!r}")

    @pytest.mark.parametrize(
        ("what", "text"),
        [
            pytest.param("the empty text", "", id="empty"),
            pytest.param("a word", "teapot", id="word"),
            pytest.param("two parts", "a.b", id="two-parts"),
            pytest.param("three short parts", "a.b.c", id="three-parts"),
            pytest.param("two dots", "..", id="dots"),
            pytest.param("four parts", "a.b.c.d", id="four-parts"),
            pytest.param("letters that are no Base64", "é.é.é", id="base64"),
            pytest.param("half a surrogate pair", "\ud800", id="surrogate"),
            pytest.param("a payload that is a list", signed([1, 2]), id="list"),
            pytest.param("a payload that is a string", signed("access"), id="string"),
            pytest.param("a payload that is no JSON", signed(b"{"), id="no-json"),
            pytest.param("a payload that is no UTF-8", signed(b"\xff\xfe"), id="no-utf8"),
            pytest.param("a header that is a list", signed(GOOD, header="[]"), id="header-list"),
            pytest.param("a header without alg", signed(GOOD, header="{}"), id="header-empty"),
            pytest.param(
                'a header with alg: ["HS256"]', signed(GOOD, header='{"alg": ["HS256"]}'), id="header-alg-list"
            ),
            pytest.param("a header nested 100 000 levels deep", foreign("[" * 100_000), id="deep"),
            pytest.param("such a header, closed again", foreign("[" * 100_000 + "]" * 100_000), id="deep-closed"),
        ],
    )
    def test_no_token(self, what, text):
        """Text that is no token raises InvalidToken and nothing else."""
        refused(text, what)


class OtherRole(StrEnum):
    """Somebody else's roles, which are no `Role`."""

    ADMIN = "admin"


ROLES = ("admin", "manager", "user")
ALLOWED = (("admin",), ("manager",), ("user",), ("admin", "manager"))


class Account:
    """An account in the store, made without the routes that come later in the chapter, and a token for it."""

    def __init__(self, app: Any, clock: Any, role: str) -> None:
        from course_app.core.tokens import issue_token
        from course_app.db.memory import MemoryUsers

        settings = app.state.settings
        secret, algorithm = settings.SECRET_KEY.get_secret_value(), settings.ALGORITHM
        key = f"the key of the {role}"
        token = issue_token(key, secret=secret, now=clock(), lifetime=timedelta(minutes=5), algorithm=algorithm)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.email = f"{role}.of.3.4@example.com"
        self._users = MemoryUsers(app.state.memory)
        self._new = {"key": key, "email": self.email, "full_name": role, "hashed_password": "", "created_at": clock()}

    async def become(self, role: str, **changes: Any) -> "Account":
        from course_app.core.roles import Role

        account = await self._users.get_by_email(self.email) or await self._users.add(role=Role(role), **self._new)
        await self._users.update(account.id, role=Role(role), **changes)
        return self


async def one_of_each(app: Any, clock: Any) -> dict[str, Account]:
    return {role: await Account(app, clock, role).become(role) for role in ROLES}


def guard(app: Any, path: str, *names: str) -> None:
    """A route that only these roles may use, and that returns the e-mail address of what the dependency returned."""
    from course_app.core.roles import Role

    dependency = answer.require_roles(*(Role(name) for name in names))

    async def probe(user: Annotated[Any, Depends(dependency)]) -> str:
        return str(getattr(user, "email", user))

    app.add_api_route(path, probe)


@pytest.mark.exercise("3.4")
class TestRequireRoles:
    async def test_allowed(self, app, client, clock):
        """A caller with one of the roles gets in, and the dependency returns that account."""
        accounts = await one_of_each(app, clock)
        for number, allowed in enumerate(ALLOWED):
            guard(app, f"/probe/{number}", *allowed)
            for role in allowed:
                response = await client.get(f"/probe/{number}", headers=accounts[role].headers)
                sent = f"GET a route for {' and '.join(allowed)} as {role}"
                expect_status(response, 200, sent)
                expect_equal(response.json(), accounts[role].email, f"{sent}: the account's e-mail address")

    async def test_not_allowed(self, app, client, clock):
        """A caller with another role is answered 403, in the envelope."""
        accounts = await one_of_each(app, clock)
        for number, allowed in enumerate(ALLOWED):
            guard(app, f"/probe/{number}", *allowed)
            for role in sorted(set(ROLES) - set(allowed)):
                response = await client.get(f"/probe/{number}", headers=accounts[role].headers)
                sent = f"GET a route for {' and '.join(allowed)} as {role}"
                expect_status(response, 403, sent)
                expect_equal(response.json().get("success"), False, f"{sent}: success in the answer")

    async def test_nobody(self, app, client):
        """Without a token, or with a bad one, the answer is 401 with its challenge, not 403."""
        guard(app, "/probe", "admin", "manager", "user")
        for what, headers, challenge in (
            ("no token", {}, "Bearer"),
            ("a token that is none", {"Authorization": "Bearer teapot"}, 'Bearer error="invalid_token"'),
        ):
            response = await client.get("/probe", headers=headers)
            expect_status(response, 401, f"GET a route for all three roles, with {what}")
            got = response.headers.get("www-authenticate", "")
            expect_equal(got, challenge, f"the same with {what}: WWW-Authenticate")

    async def test_role_of_this_moment(self, app, client, clock):
        """The role counts that the account has now, not the one it had when it signed in."""
        guard(app, "/probe", "admin", "manager")
        account = await Account(app, clock, "manager").become("manager")
        for what, role, is_active, status in (
            ("a manager's token", "manager", True, 200),
            ("the same token after a demotion to user", "user", True, 403),
            ("the same token after a promotion to admin", "admin", True, 200),
            ("the same token after the account was closed", "admin", False, 401),
        ):
            await account.become(role, is_active=is_active)
            response = await client.get("/probe", headers=account.headers)
            expect_status(response, status, f"GET a route for admin and manager with {what}")

    @pytest.mark.parametrize(
        "given", ["", "[ADMIN, MANAGER]", "{ADMIN}", "'admin'", "'adm'", "ADMIN, 'manager'", "None", "another enum's"]
    )
    def test_what_is_no_role(self, given):
        """No role at all, or what is no Role, is a TypeError at once."""
        from course_app.core.roles import Role

        roles: dict[str, tuple[Any, ...]] = {
            "": (),
            "[ADMIN, MANAGER]": ([Role.ADMIN, Role.MANAGER],),
            "{ADMIN}": ({Role.ADMIN},),
            "'admin'": ("admin",),
            "'adm'": ("adm",),
            "ADMIN, 'manager'": (Role.ADMIN, "manager"),
            "None": (None,),
            "another enum's": (OtherRole.ADMIN,),
        }
        sent = f"require_roles({given})".replace("ADMIN", "Role.ADMIN").replace("MANAGER", "Role.MANAGER")
        try:
            answer.require_roles(*roles[given])
        except TypeError:
            return
        except Exception as error:
            got = f"{type(error).__name__} was raised"
        else:
            got = "a dependency"
        raise AssertionError(told(sent, "TypeError", got))

    async def test_each_its_own(self, app, client, clock):
        """Three dependencies in one app do not disturb each other."""
        guards = {"/for-admins": "admin", "/for-users": "user", "/for-managers": "manager"}
        for path, allowed in guards.items():
            guard(app, path, allowed)
        for role, account in (await one_of_each(app, clock)).items():
            for path, allowed in guards.items():
                response = await client.get(path, headers=account.headers)
                sent = f"GET a route for {allowed} as {role}, three guarded routes in the app"
                expect_status(response, 200 if role == allowed else 403, sent)


IDS = {"admin": 3300, "manager": 44_012, "other": 440, "user": 4401, "closed": 5500}


class Shop:
    """A store: accounts of every role, one closed, an item of each and an item of nobody.

    No id is a small number, and the digits of one are found in the next.
    """

    def __init__(self, app: Any, clock: Any) -> None:
        from course_app.core.roles import Role
        from course_app.db.memory import MemoryItems, MemoryUsers
        from course_app.services.items import ItemService
        from course_app.services.users import UserService

        self._last_id = app.state.memory["last_id"] = {"users": 0, "items": 7000}
        self._roles = {name: Role(name) if name in ROLES else Role.USER for name in IDS}
        self._accounts = MemoryUsers(app.state.memory)
        self._stock = MemoryItems(app.state.memory)
        self._now = clock()
        self.users = UserService(self._accounts, clock, app.state.hashing)
        self.items = ItemService(self._stock, clock)
        self.id_of: dict[str, int] = {}
        self.item_of: dict[str, int] = {}

    async def fill(self) -> "Shop":
        for name, role in self._roles.items():
            self._last_id["users"] = IDS[name] - 1
            account = await self._accounts.add(
                key=f"key of {name}",
                email=f"the.{name}@example.com",
                full_name=name,
                role=role,
                hashed_password="",
                created_at=self._now,
            )
            self.id_of[name] = account.id
            self.item_of[name] = await self._add_item(account.id)
        await self._accounts.update(self.id_of["closed"], is_active=False)
        self.item_of["nobody"] = await self._add_item(None)
        return self

    async def _add_item(self, owner_id: int | None) -> int:
        item = await self._stock.add(
            name="Teapot",
            description=None,
            price=Decimal("24.00"),
            quantity=1,
            owner_id=owner_id,
            created_at=self._now,
        )
        return int(item.id)

    async def own_item(self, owner: str, caller: str) -> Any:
        """What the answer does for an item of `owner`, asked by `caller`."""
        return await answer.own_item(self.item_of[owner], await self.person(caller), self.items)

    async def visible_user(self, wanted: str, caller: str) -> Any:
        """What the answer does for the account of `wanted`, asked by `caller`."""
        return await answer.visible_user(self.id_of[wanted], await self.person(caller), self.users)

    async def person(self, name: str) -> Any:
        """The account, read anew: its id is an equal number, not the same object."""
        account = await self._accounts.get(self.id_of[name])
        assert account is not None
        return replace(account, id=int(str(account.id)))


@pytest.fixture
async def shop(app: Any, clock: Any) -> Shop:
    return await Shop(app, clock).fill()


async def let_in(call: Any, *args: Any, sent: str) -> Any:
    from course_app.core.errors import AppError

    try:
        return await call(*args)
    except AppError as error:
        raise AssertionError(told(sent, "no error", type(error).__name__)) from None


async def kept_out(expected: str, call: Any, *args: Any, sent: str) -> str:
    """Assert that the answer raises this error, and return its words."""
    from course_app.core import errors

    error: Any = await raises_async(getattr(errors, expected), call, *args, sent=sent)
    return str(error.message)


@pytest.mark.exercise("3.5")
class TestOwnership:
    async def test_own_item(self, shop):
        """An owner gets the item, whatever the owner's role."""
        for name in ("user", "other", "manager", "admin"):
            sent = f"own_item for an item of the caller, who has the role {name.replace('other', 'user')}"
            item = await let_in(shop.own_item, name, name, sent=sent)
            expect_equal(getattr(item, "id", None), shop.item_of[name], f"{sent}: its id")

    async def test_admin_any_item(self, shop):
        """An admin gets any item, also one that nobody owns."""
        for owner in ("user", "manager", "nobody"):
            sent = f"own_item for an item of {owner}, asked by an admin"
            item = await let_in(shop.own_item, owner, "admin", sent=sent)
            expect_equal(getattr(item, "id", None), shop.item_of[owner], f"{sent}: its id")

    async def test_items_of_others(self, shop):
        """Items of others are Forbidden to users, and to managers too."""
        for caller, owners in (("user", ("other", "admin", "manager")), ("manager", ("other", "admin", "user"))):
            for owner in owners:
                sent = f"own_item for an item of {owner}, asked by a {caller}"
                await kept_out("Forbidden", shop.own_item, owner, caller, sent=sent)

    async def test_nobodys_item(self, shop):
        """An item whose owner is gone is Forbidden to everybody but admins."""
        for caller in ("user", "manager"):
            sent = f"own_item for an item with owner_id None, asked by a {caller}"
            await kept_out("Forbidden", shop.own_item, "nobody", caller, sent=sent)

    async def test_no_such_item(self, shop):
        """An item that does not exist is NotFound for everybody."""
        shop.item_of["unknown"] = 9999
        for caller in ROLES:
            sent = f"own_item for an id that does not exist, asked by a caller with the role {caller}"
            await kept_out("NotFound", shop.own_item, "unknown", caller, sent=sent)

    async def test_own_account(self, shop):
        """Everybody sees their own account."""
        for name in ROLES:
            sent = f"visible_user for the caller's own id, the role being {name}"
            account = await let_in(shop.visible_user, name, name, sent=sent)
            expect_equal(getattr(account, "email", None), f"the.{name}@example.com", f"{sent}: e-mail address")

    async def test_staff_see_all(self, shop):
        """Admins and managers see every account, and NotFound where there is none."""
        shop.id_of["unknown"] = 9999
        for caller in ("manager", "admin"):
            for wanted in (*ROLES, "closed"):
                sent = f"visible_user for the id of the {wanted} account, asked by a caller with the role {caller}"
                account = await let_in(shop.visible_user, wanted, caller, sent=sent)
                expect_equal(getattr(account, "email", None), f"the.{wanted}@example.com", f"{sent}: e-mail address")
            sent = f"visible_user for an id that does not exist, asked by a {caller}"
            await kept_out("NotFound", shop.visible_user, "unknown", caller, sent=sent)

    async def test_strangers_learn_nothing(self, shop):
        """A user asking for another id gets Forbidden in the same words, whether the account exists or not."""
        shop.id_of["unknown"] = 9999
        words = {}
        for wanted in ("other", "manager", "admin", "closed", "unknown"):
            sent = f"visible_user for the id of {wanted}, asked by a user"
            words[wanted] = await kept_out("Forbidden", shop.visible_user, wanted, "user", sent=sent)
        for wanted, message in words.items():
            sent = f"the message for the id of {wanted}, and the one for an id that does not exist"
            expect_equal(message, words["unknown"], sent)


THEIR_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
THEIR_PUBLIC_KEY = THEIR_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
OTHER_PUBLIC_KEY = OTHER_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
THEIR_PEM = THEIR_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
ADMIN = {"sub": "admin", "note": "Grüße", "n": 7, "list": [1, 2]}
PAIR_DIGESTS = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384()}


def signed_by_pair(payload: object, key: Any = THEIR_KEY, algorithm: str = "ES256", header: str | None = None) -> str:
    """A token as the other company makes it (RFC 7518, section 3.4)."""
    head = header or json.dumps({"alg": algorithm, "typ": "JWT"})
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{base64url(head.encode())}.{base64url(body)}"
    numbers = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(PAIR_DIGESTS[algorithm])))
    return f"{text}.{base64url(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


def through(read: Any, token: str, public_key: bytes) -> object:
    """What the verifier returns, or that it refused."""
    try:
        return read(token, public_key)
    except answer.Refused:
        return "Refused"


def closed(token: str, sent: str) -> None:
    """Assert that the closed verifier raises Refused, and nothing else."""
    raises(answer.Refused, answer.read, token, THEIR_PUBLIC_KEY, sent=f"read({sent}, public_key)")


@pytest.mark.exercise("3.6")
class TestForge:
    @pytest.mark.parametrize("claims", [ADMIN, {"sub": "admin", "role": "admin"}, {}], ids=["several", "role", "none"])
    def test_forged(self, claims):
        """The forged token goes through the hole, with the claims you chose."""
        got = through(answer.read_with_the_hole, answer.forge(THEIR_PUBLIC_KEY, dict(claims)), THEIR_PUBLIC_KEY)
        expect_equal(got, claims, f"read_with_the_hole(forge(public_key, {claims!r}), public_key)")

    def test_another_company(self):
        """The forgery works with any public key: it was made of the key that was handed in."""
        got = through(answer.read_with_the_hole, answer.forge(OTHER_PUBLIC_KEY, {"sub": "admin"}), OTHER_PUBLIC_KEY)
        expect_equal(got, {"sub": "admin"}, "read_with_the_hole(forge(another_key, {'sub': 'admin'}), another_key)")

    @pytest.mark.parametrize("claims", [ADMIN, {"sub": "ada"}, {}], ids=["several", "sub", "none"])
    def test_genuine(self, claims):
        """The closed version still reads what the other company signed."""
        got = through(answer.read, signed_by_pair(claims), THEIR_PUBLIC_KEY)
        expect_equal(got, claims, f"read(a genuine ES256 token with {claims!r}, public_key)")
        got = through(answer.read, signed_by_pair(claims, key=OTHER_KEY), OTHER_PUBLIC_KEY)
        expect_equal(got, claims, f"then read(a token of another pair with {claims!r}, its public key)")

    def test_forgeries_refused(self):
        """Your forgery is refused, and so is every HMAC with the public key, in either of its forms."""
        closed(answer.forge(THEIR_PUBLIC_KEY, dict(ADMIN)), "your forgery")
        named_es256 = json.dumps({"alg": "ES256"})
        for algorithm in DIGESTS:
            for form, key in (("DER bytes", THEIR_PUBLIC_KEY), ("PEM text", THEIR_PEM)):
                closed(signed(ADMIN, secret=key, algorithm=algorithm), f"{algorithm} with the {form} as secret")
                text = signed(ADMIN, secret=key, algorithm=algorithm, header=named_es256)
                closed(text, f"{algorithm} with the {form} as secret, named ES256")

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "ES256", "ES384"])
    def test_unsigned(self, algorithm):
        """A token without a signature, or with another algorithm of the same family, is refused."""
        header = base64url(json.dumps({"alg": algorithm}).encode())
        closed(f"{header}.{base64url(json.dumps(ADMIN).encode())}.", f"an unsigned token with alg={algorithm!r}")
        if algorithm == "ES384":
            closed(signed_by_pair(ADMIN, algorithm="ES384"), "an ES384 token of the right private key")

    def test_another_key_pair(self):
        """A token of another key pair is refused."""
        through(answer.read, signed_by_pair(ADMIN, key=OTHER_KEY), OTHER_PUBLIC_KEY)
        closed(signed_by_pair(ADMIN, key=OTHER_KEY), "a token signed with another private key")

    def test_changed(self):
        """A genuine token whose payload was changed is refused."""
        header, _, signature = signed_by_pair({"sub": "ada"}).split(".")
        changed = f"{header}.{base64url(json.dumps(ADMIN).encode())}.{signature}"
        closed(changed, "a genuine token with another payload")

    @pytest.mark.parametrize(
        "token",
        [
            pytest.param("", id="empty"),
            pytest.param("a.b.c", id="three letters"),
            pytest.param("\ud800", id="half a surrogate pair"),
            pytest.param(" " + signed_by_pair(ADMIN), id="a genuine token with a blank in front"),
            pytest.param("Bearer " + signed_by_pair(ADMIN), id="a genuine token with Bearer in front"),
            pytest.param(signed_by_pair([1]), id="a list as payload"),
            pytest.param(signed_by_pair(b"{"), id="a payload that is no JSON"),
            pytest.param(signed_by_pair({}, key=OTHER_KEY, header="[" * 100_000), id="a header 100 000 levels deep"),
        ],
    )
    def test_no_token(self, token, request):
        """Text that is no token is Refused, and nothing else is raised."""
        closed(token, request.node.callspec.id)
