"""The checks of chapter 08."""

import re
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from coursekit.testing import answer, expect_equal, raises, told


def but_raised(sent: str, expected: str, error: Exception) -> str:
    return f"{told(sent, expected)}, but {type(error).__name__} was raised"


# 8.1


def judged(said: str | None, personal: bool) -> Any:
    return answer.cache_control(said, personal=personal)


def expect_cache_control(said: str | None, personal: bool, expected: str) -> None:
    expect_equal(judged(said, personal), expected, f"cache_control({said!r}, personal={personal})")


@pytest.mark.exercise("8.1")
class TestCacheControl:
    def test_nothing_said(self):
        """What no route decided about is not kept, whoever asked."""
        expect_cache_control(None, False, "no-store")
        expect_cache_control(None, True, "no-store")

    def test_for_everybody(self):
        """What a route said about an answer that is not personal stays as it is."""
        for said in (
            "no-cache",
            "public, max-age=60",
            "max-age=60",
            "Private",
            "no-store",
            " max-age=60 ,  public",
            "",
        ):
            expect_cache_control(said, False, said)

    def test_personal_and_kept_by_everybody(self):
        """A personal answer that a shared cache might keep becomes private, and is asked for each time."""
        for said in ("no-cache", "max-age=60", "public", "public, max-age=60", "s-maxage=60,no-cache", "immutable", ""):
            expect_cache_control(said, True, "private, no-cache")

    def test_personal_and_private(self):
        """A personal answer that is private, or not stored at all, stays as its route wanted it."""
        for said in ("private", "no-store", "private, max-age=60", "max-age=60,no-store", "private,no-store,max-age=0"):
            expect_cache_control(said, True, said)
        for said in ("public, private", "private, public", "no-store, public, max-age=60"):
            expect_cache_control(said, True, said)

    def test_spelling(self):
        """Blanks and tabs around a directive do not count, nor do upper and lower case."""
        for said in ("Private", "NO-STORE", "max-age=60 ,\tPRIVATE", "  no-store  ", "No-Cache, \t No-Store\t,x=1"):
            expect_cache_control(said, True, said)

    def test_lookalikes(self):
        """Only a whole directive counts: not one with a value, not a part of a word, not another directive's value."""
        for said in (
            'private="set-cookie"',
            'max-age=60, private="x"',
            "x-private",
            "no-storex",
            "private2, public",
            "community=private",
            "no-store=1",
            "no store",
            "private max-age=60",
            "max-age=60; private",
            "no-store;private",
        ):
            expect_cache_control(said, True, "private, no-cache")


# 8.2

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~"
_FORM = re.compile(
    rf"attachment; filename=\"(?P<fallback>[^\"]*)\"; "
    rf"filename\*=UTF-8''(?P<encoded>(?:[{re.escape(UNRESERVED)}]|%[0-9A-Fa-f]{{2}})*)"
)


def form_missed_by(header: str) -> str:
    """What the form of the task wants at the first place where this header has something else."""
    start, middle = 'attachment; filename="', "\"; filename*=UTF-8''"
    if not header.startswith(start):
        return f"{start} at the beginning"
    fallback, found, encoded = header.removeprefix(start).rpartition(middle)
    if not found:
        return f"{middle} between <fallback> and <encoded>"
    if '"' in fallback:
        return 'no " inside of <fallback>, because it ends the value'
    rest = re.sub(rf"^(?:[{re.escape(UNRESERVED)}]|%[0-9A-Fa-f]{{2}})*", "", encoded)
    if rest.startswith("%"):
        return "two hexadecimal digits behind each % in <encoded>"
    written = (
        "_" if is_replaced(rest[0]) else "".join(f"%{byte:02X}" for byte in rest[0].encode("utf-8", "surrogatepass"))
    )
    return f"{written} instead of {rest[0]!a} in <encoded>"


def parts(text: str) -> tuple[str, str]:
    """The fallback and the decoded name in what `attachment` returns. Assert that it has the form of the task."""
    sent = f"attachment({text[:60]!a})"
    try:
        header = answer.attachment(text)
    except Exception as error:
        raise AssertionError(but_raised(sent, "a text", error)) from None
    assert isinstance(header, str), told(sent, "a text", repr(header))
    match = _FORM.fullmatch(header)
    if match is None:
        raise AssertionError(told(sent, form_missed_by(header), ascii(header)))
    try:
        name = unquote_to_bytes(match["encoded"]).decode()
    except UnicodeDecodeError:
        raise AssertionError(told(sent, "a name in UTF-8 behind filename*=", ascii(header))) from None
    return match["fallback"], name


def is_replaced(character: str) -> bool:
    number = ord(character)
    return number < 0x20 or 0x7F <= number < 0xA0 or character in "/\\" or 0xD800 <= number < 0xE000


def expect_parts(text: str) -> None:
    name = "".join("_" if is_replaced(character) else character for character in text) or "download"
    fallback = "".join("_" if not " " <= character <= "~" or character in '"%' else character for character in name)
    got = parts(text)
    for what, expected, actual in zip(("filename", "filename*"), (fallback, name), got, strict=True):
        sent = f"attachment({text[:60]!a}): {what}"
        assert actual == expected, told(sent, ascii(expected), ascii(actual))


@pytest.mark.exercise("8.2")
class TestAttachment:
    def test_plain_name(self):
        """An ordinary name stands in both parameters, in exactly the form of the task."""
        for text in ("items.csv", "items-2026-01-01.csv", "A", "read me.txt", ".profile", "a.tar.gz", " x ", "..", "_"):
            expect_parts(text)

    def test_other_scripts(self):
        """`filename*` has the name in UTF-8; in the fallback each character beyond ASCII is one `_`."""
        for text in (
            "Отчёт.csv",
            "naïve.txt",
            "東京 2026.pdf",
            "a😀b",
            "€",
            "e\u0301",
            "\u202egpj.exe",
            "\xa0x\xad",
            "Å",
            "Å",
        ):
            expect_parts(text)

    def test_no_other_parameter(self):
        """Quotes, semicolons and the like cannot end the value."""
        for text in (
            'a"b',
            'x"; filename="setup.exe',
            "x; filename=setup.exe; y=",
            "'a'",
            "a,b",
            "UTF-8''x",
            "(a)*<b>=c@d",
        ):
            expect_parts(text)

    def test_no_other_header(self):
        """Control characters become `_`, line breaks above all."""
        for text in (
            "x\r\nSet-Cookie: a=b",
            "a\nb",
            "\0",
            "tab\there",
            "\x1b[2J",
            "\x7f",
            "a\x80b\x9fc",
            "\u2028",
            "\x85",
        ):
            expect_parts(text)

    def test_no_path(self):
        """Slashes and backslashes become `_`: a name is no path."""
        for text in ("../../etc/passwd", "C:\\windows\\x.exe", "/", "\\", "a/b/c.csv", 'a\\"b', "\\\\server\\share"):
            expect_parts(text)

    def test_percent(self):
        """A `%` is encoded in `filename*`, and `_` in the fallback, where some browsers would decode it."""
        for text in ("100%.csv", "%41", "a%2Fb", "%", "50%25", "%E2%82%AC"):
            expect_parts(text)

    def test_half_a_surrogate_pair(self):
        """Half a surrogate pair, which has no UTF-8, becomes `_` and raises nothing."""
        for text in ("\ud800", "a\udfffb.csv", "\ud83d", "\udcff/\ud800", "\ude00\ud83d"):
            expect_parts(text)
        for text in ("\ud83d\ude00", "x\ud83d\ude00.csv", "\ufffd", "\ud800\ufffd"):
            expect_parts(text)

    def test_every_length(self):
        """An empty text is called download; a long one is not cut; each call goes by its own text."""
        for text in ("", "x" * 300 + ".csv", "é" * 1000, "download", "", *(chr(n) for n in range(0x100))):
            expect_parts(text)


# 8.3


def tag_in_another_process(content: bytes) -> str:
    """What `content_tag` returns in a new process, whose hashes of text are others."""
    module = sys.modules["course_app.core.etags"]
    code = (
        "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1])\n"
        f"from {module.__name__} import content_tag; print(content_tag({content!r}))"
    )
    root = Path(str(module.__file__)).parents[2]
    command = [sys.executable, "-c", code, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONHASHSEED": "7"})
    return done.stdout.strip() or "an exception"


def expect_not_modified(if_none_match: str | None, etag: str, expected: bool) -> None:
    expect_equal(answer.not_modified(if_none_match, etag), expected, f"not_modified({if_none_match!r}, {etag!r})")


CONTENTS = [b"", b"a", b"b", b"ab", b"ba", b"a\0", b"a ", b" a", b"\xff", b"x" * 5000, b"x" * 5001, b"x" * 2500 + b"y"]
CONTENTS += [b"x" * 1000 + b"0" + b"x" * 4000, b"x" * 1000 + b"1" + b"x" * 4000, b"A", b"\xe9", "é".encode()]
CONTENTS += [b'{"a":1}', b'{"a": 1}', b'{"a": 1.0}', b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}', b"a\n", b"a\r\n"]
CONTENTS += [b"plumless", b"buckeroo", b"-gzip", b'"', *(str(number).encode() for number in range(5000))]


def same_md5() -> tuple[bytes, bytes]:
    """Two texts of 128 bytes with the same MD5, as Wang and others published them in 2004."""
    one = bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
        "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
        "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
    )
    return one, bytes(byte ^ 0x80 if at in (19, 45, 59, 83, 109, 123) else byte for at, byte in enumerate(one))


SAME_MD5 = same_md5()


@pytest.mark.exercise("8.3")
class TestEtags:
    def test_is_a_strong_tag(self):
        """`content_tag` returns a strong tag of 128 bits or more that `read_tags` reads back unchanged."""
        for content in CONTENTS[:60]:
            tag, sent = answer.content_tag(content), f"content_tag({content[:12]!r}, of {len(content)} bytes)"
            assert isinstance(tag, str), told(sent, "a text", repr(tag))
            read = answer.read_tags(tag)
            assert read == [tag], told(f"{sent}: read_tags of the result {tag!r}", repr([tag]), repr(read))
            assert not tag.startswith("W/"), told(sent, "a strong tag", tag)
            hexadecimal = re.fullmatch('"[0-9A-Fa-f]*"', tag) is not None
            said = f"{sent}: {'hexadecimal digits' if hexadecimal else 'characters'} between the quotes"
            least = 32 if hexadecimal else 20
            assert len(tag) - 2 >= least, told(said, f"{least} or more, for 128 bits", f"{len(tag) - 2}, in {tag}")

    def test_one_tag_for_one_content(self):
        """The same bytes always have the same tag, in another process too; other bytes have another tag."""
        assert zlib.crc32(b"plumless") == zlib.crc32(b"buckeroo")
        tags = [answer.content_tag(content) for content in CONTENTS]
        again = [answer.content_tag(bytes(bytearray(content))) for content in CONTENTS]
        assert tags == again, told("content_tag, twice for the same bytes", "the same tag", "another one")
        seen: dict[str, bytes] = {}
        for content, tag in zip(CONTENTS, tags, strict=True):
            same = seen.setdefault(tag, content)
            if same is not content:
                sent = (
                    f"content_tag of {same[-12:]!r} ({len(same)} bytes) and of {content[-12:]!r} ({len(content)} bytes)"
                )
                raise AssertionError(told(sent, "two tags", f"twice {tag}"))
        one, other = (answer.content_tag(content) for content in SAME_MD5)
        assert one != other, told(
            "content_tag of two texts that were made to have the same MD5", "two tags", f"twice {one}"
        )
        here, there = answer.content_tag(b"teapot"), tag_in_another_process(b"teapot")
        assert here == there, told("content_tag(b'teapot') here and in another process", here, there)

    def test_nothing_sent(self):
        """Without the header the client has nothing; `*` stands for anything it may have."""
        for etag in ('"1-1"', 'W/"1-1"'):
            expect_not_modified(None, etag, False)
            for star in ("*", " *", "*\t", " \t* "):
                expect_not_modified(star, etag, True)

    def test_one_of_the_list(self):
        """It is enough that one tag of the list is that of the answer, wherever in the list."""
        for sent in ('"b"', '"a", "b"', '"b", "a"', '"a","b","c"', ' "a"\t,\t"b" ', ', "a", , "b",', '"", "b"'):
            expect_not_modified(sent, '"b"', True)
        for sent in ('"a"', '"a", "c"', '""', '"a", "", W/"c"'):
            expect_not_modified(sent, '"b"', False)

    def test_weak_comparison(self):
        """`W/` counts on neither side."""
        for sent in ('"b"', 'W/"b"', '"a", W/"b"', 'W/"a", "b"'):
            for etag in ('"b"', 'W/"b"'):
                expect_not_modified(sent, etag, True)
                expect_not_modified(sent.replace("b", "c"), etag, False)

    def test_every_character_counts(self):
        """Apart from `W/` tags are compared character for character: no part, no other case, no list in a tag."""
        for sent, etag in (
            ('"1-11"', '"1-1"'),
            ('"11-1"', '"1-1"'),
            ('"1-1"', '"1-11"'),
            ('"ab"', '"AB"'),
            ('"a,b"', '"a"'),
            ('"a,b"', '"b"'),
            ('"x,W/"', '"x"'),
            ('"1-1-zip"', '"1-1"'),
            ('"*"', '"1-1"'),
            ('W/"*"', '"1-1"'),
            ('"W/b"', '"b"'),
            ('"\xe9"', '"e"'),
            ('"-1"', '"1"'),
        ):
            expect_not_modified(sent, etag, False)
        for tag in ('"a,b"', '"*"', '"W/b"', '"\xe9"', '"a\'b"', '"\\"', '"-"', '""', '"1-1;q=1"'):
            expect_not_modified(f'"z", {tag}', tag, True)

    def test_no_list_of_tags(self):
        """A header that is no list of tags does not stop the answer, and raises nothing."""
        for sent in (
            "",
            " ",
            ",",
            "1-1",
            "'1-1'",
            '"1-1',
            '1-1"',
            'w/"1-1"',
            'W "1-1"',
            'W/ "1-1"',
            '"1-1" "2-1"',
            '"1-1", 2-1',
            '2-1, "1-1"',
            '"1-1", *',
            '*, "1-1"',
            "**",
            "*, *",
            "*,",
            ", *",
            "*, \t",
            "W/*",
            '"1-1";',
            '"a b", "1-1"',
            '"x,"1-1"',
        ):
            expect_not_modified(sent, '"1-1"', False)

    def test_compressed_form(self):
        """Whoever has the compressed form has the answer: its tag counts as that of the plain one."""
        for sent in ('"1-1-gzip"', 'W/"1-1-gzip"', '"a", "1-1-gzip"', '"1-1-gzip", "1-1"'):
            expect_not_modified(sent, '"1-1"', True)
            expect_not_modified(sent, 'W/"1-1"', True)
            expect_not_modified(sent, '"1-2"', False)


# 8.4


def expect_versions(if_match: str | None, item_id: int, expected: set[int] | None) -> None:
    sent = f"expected_versions({if_match if if_match is None else ascii(if_match[:80])}, {item_id})"
    try:
        got = answer.expected_versions(if_match, item_id)
    except Exception as error:
        wanted = "None" if expected is None else f"versions {sorted(expected)}"
        raise AssertionError(but_raised(sent, wanted, error)) from None
    if expected is None:
        assert got is None, told(sent, "None", repr(got))
        return
    assert got is not None, told(sent, f"versions {sorted(expected)}", "None, which is every version")
    assert isinstance(got, frozenset), told(sent, "a frozenset", repr(got))
    said = f"{sent}: versions"
    assert got == expected, told(said, sorted(expected), sorted(got, key=repr))
    kinds = {type(version).__name__ for version in got}
    assert kinds <= {"int"}, told(said, "whole numbers", sorted(kinds))


@pytest.mark.exercise("8.4")
class TestExpectedVersions:
    def test_no_condition(self):
        """Without the header, and for `*` alone, every version will do."""
        for if_match in (None, "*", " *", "*\t", " \t* \t"):
            for item_id in (1, 7, 2**63 - 1):
                expect_versions(if_match, item_id, None)

    def test_one_version(self):
        """The tag of an item names its version."""
        for item_id in (1, 7, 10, 2**63 - 1):
            for version in (1, 2, 9, 10, 99, 1_000_001, 10**18 - 1):
                expect_versions(f'"{item_id}-{version}"', item_id, {version})
        expect_versions(' \t"1-3" ', 1, {3})

    def test_list(self):
        """A list names all versions in it."""
        expect_versions('"1-3", "1-5"', 1, {3, 5})
        expect_versions('"1-3","1-4" , \t"1-3"', 1, {3, 4})
        expect_versions(', "1-3",,"a,b", "1-12"', 1, {3, 12})
        many = ",".join(f'"1-{version}"' for version in range(1, 2001))
        expect_versions(many, 1, set(range(1, 2001)))

    def test_strong_comparison(self):
        """A weak tag names no version, beside strong ones neither."""
        expect_versions('W/"1-3"', 1, set())
        expect_versions('W/"1-3", "1-5"', 1, {5})
        expect_versions('"1-3", W/"1-3"', 1, {3})

    def test_other_items(self):
        """A tag of another item names no version of this one."""
        expect_versions('"2-3"', 1, set())
        expect_versions('"11-3"', 1, set())
        expect_versions('"1-3"', 11, set())
        expect_versions('"21-3", "1-4", "2-5"', 1, {4})
        expect_versions('"1-2-3"', 1, set())
        expect_versions('"1-2-3"', 2, set())
        expect_versions('"-1-3"', 1, set())

    def test_lookalikes(self):
        """What `item_tag` never makes names no version, and raises nothing."""
        for number in (
            "0",
            "03",
            "00",
            "-3",
            "+3",
            "",
            "3.0",
            "3-",
            "1_0",
            "0x3",
            "1e3",
            "³",
            "3³",
            "*",
            "3,4",
            "v3",
            "3\xa0",
            "9" * 19,
            "1" + "0" * 18,
            "9" * 5000,
            "3-gzip-gzip",
            "3-GZIP",
        ):
            expect_versions(f'"1-{number}"', 1, set())
            expect_versions(f'"1-{number}", "1-8"', 1, {8})
        for tag in ('""', '"3"', '"13"', '"01-3"', '"1--3"', '"1:3"', '"*"', '"1-3x"', '"x1-3"', '"-3"', '"1-"'):
            expect_versions(tag, 1, set())

    def test_no_list_of_tags(self):
        """A header that is no list of tags matches nothing, which is not the same as no header."""
        for if_match in (
            "",
            " ",
            ",",
            "1-3",
            "3",
            "'1-3'",
            '"1-3',
            '1-3"',
            '"1-3" "1-4"',
            '"1-3", 1-4',
            '1-4, "1-3"',
            '"1-3", *',
            '*, "1-3"',
            "**",
            "*,*",
            "*,",
            ", *",
            "W/*",
            '"1-3";',
            'w/"1-3"',
            '"x,"1-3"',
            '"1- 3"',
        ):
            expect_versions(if_match, 1, set())

    def test_compressed_form(self):
        """The tag of the compressed form names the version of the item."""
        expect_versions('"1-3-gzip"', 1, {3})
        expect_versions('"1-3-gzip", "1-5"', 1, {3, 5})
        expect_versions('W/"1-3-gzip"', 1, set())


# 8.5


def expect_challenge(expected: str, *arguments: Any, **named: Any) -> None:
    texts = [ascii(value) for value in arguments] + [f"{name}={value!a}" for name, value in named.items()]
    sent = f"bearer_challenge({', '.join(texts)})"
    try:
        got = answer.bearer_challenge(*arguments, **named)
    except Exception as error:
        raise AssertionError(but_raised(sent, repr(expected), error)) from None
    assert type(got) is str, told(sent, repr(expected), repr(got))
    readable = got == got.strip() and got.isascii() and got.isprintable()
    assert got == expected, told(sent, *((expected, got) if readable else (ascii(expected), ascii(got))))


CODES = ("invalid_request", "invalid_token", "insufficient_scope")


@pytest.mark.exercise("8.5")
class TestChallenge:
    def test_bare(self):
        """Without anything to say the challenge is the scheme alone."""
        expect_challenge("Bearer")
        expect_challenge("Bearer", None, None, realm=None)
        expect_challenge("Bearer", realm="")
        expect_challenge("Bearer", None, "", realm="")

    def test_codes(self):
        """The error stands in quotes behind the scheme, whichever of the three it is."""
        for code in CODES:
            expect_challenge(f'Bearer error="{code}"', code)
            expect_challenge(f'Bearer error="{code}"', error=code)

    def test_other_codes(self):
        """Any other code raises ValueError, whatever else is given."""
        for code in (
            "",
            "expired",
            "INVALID_TOKEN",
            "invalid-token",
            " invalid_token",
            'invalid_token"',
            "invalid_token\n",
        ):
            raises(ValueError, answer.bearer_challenge, code)
            raises(ValueError, answer.bearer_challenge, code, "It is over.", realm="shop")

    def test_all_three(self):
        """Realm, error and description come in this order, with a comma and a blank between two of them."""
        for code in CODES:
            text = f'Bearer realm="shop", error="{code}", error_description="It is over."'
            expect_challenge(text, code, "It is over.", realm="shop")
        expect_challenge('Bearer realm="shop"', realm="shop")
        expect_challenge('Bearer realm="shop", error="invalid_token"', "invalid_token", realm="shop")
        expect_challenge('Bearer error="invalid_token", error_description="x, y=z; w"', "invalid_token", "x, y=z; w")
        expect_challenge('Bearer error="invalid_token"', "invalid_token", "", realm="")
        expect_challenge(
            'Bearer realm=" ", error="invalid_token", error_description=" "', "invalid_token", " ", realm=" "
        )

    def test_no_description_without_an_error(self):
        """Who sent no credentials is told no error: without a code the description is left out."""
        expect_challenge("Bearer", None, "Your token is over.")
        expect_challenge("Bearer", description="Your token is over.")
        expect_challenge('Bearer realm="shop"', description="Your token is over.", realm="shop")

    def test_quotes_in_a_realm(self):
        """In a realm quotes and backslashes get a backslash in front."""
        expect_challenge(r'Bearer realm="the \"tea\" shop"', realm='the "tea" shop')
        expect_challenge(r'Bearer realm="C:\\tea"', realm="C:\\tea")
        expect_challenge(r'Bearer realm="\\\""', realm='\\"')
        expect_challenge(r'Bearer realm="\"\\", error="invalid_token"', "invalid_token", realm='"\\')
        expect_challenge("Bearer realm=\"a, error=b; 100% 'x' [~]\"", realm="a, error=b; 100% 'x' [~]")

    def test_quotes_in_a_description(self):
        """In a description quotes and backslashes become question marks."""
        for text, shown in (
            ('not "x"', "not ?x?"),
            ("C:\\tea", "C:?tea"),
            ('\\"', "??"),
            ('", error="x', "?, error=?x"),
        ):
            expect_challenge(f'Bearer error="invalid_token", error_description="{shown}"', "invalid_token", text)

    def test_no_other_header(self):
        """What is not printable ASCII becomes a question mark, one for each character, line breaks above all."""
        for text, shown in (
            ("a\r\nSet-Cookie: x=1", "a??Set-Cookie: x=1"),
            ("Büro", "B?ro"),
            ("東京", "??"),
            ("😀", "?"),
            ("\0\t\x1f\x7f\x80\xa0\xff", "???????"),
            ("\ud800", "?"),
            ("what? ~ !", "what? ~ !"),
            ("\n", "?"),
        ):
            expect_challenge(f'Bearer realm="{shown}"', realm=text)
            expect_challenge(f'Bearer error="invalid_token", error_description="{shown}"', "invalid_token", text)


# 8.6


class NotCSV(Exception):
    """The text does not follow RFC 4180."""


def read_csv(text: str) -> list[list[str]]:
    """The lines of a CSV file by the grammar of RFC 4180, every line with CRLF."""
    lines: list[list[str]] = []
    cells: list[str] = []
    cell = re.compile(r'"((?:[^"]|"")*)"|([^",\r\n]*)')
    position = 0
    while position < len(text):
        match = cell.match(text, position)
        assert match is not None
        cells.append(match[1].replace('""', '"') if match[1] is not None else match[2])
        position = match.end()
        if text.startswith("\r\n", position):
            lines.append(cells)
            cells, position = [], position + 2
        elif text.startswith(",", position):
            position += 1
        elif position < len(text):
            raise NotCSV(f"{text[position]!r} behind the cell {cells[-1][:30]!r}")
        else:
            raise NotCSV("no CRLF at the end")
    return lines


def exported(columns: Sequence[str], rows: list[dict[str, Any]], what: str) -> list[list[str]]:
    """The lines that `to_csv` makes, from rows that can be gone through only once."""
    sent = f"to_csv of {what}"

    def once() -> Iterator[dict[str, Any]]:
        yield from rows

    try:
        text = answer.to_csv(columns, once())
    except Exception as error:
        raise AssertionError(but_raised(sent, "a text", error)) from None
    assert isinstance(text, str), told(sent, "a text", repr(text))
    try:
        return read_csv(text)
    except NotCSV as error:
        raise AssertionError(
            told(sent, "CSV as RFC 4180 has it, each line with CRLF", f"{error}, in {text!a}")
        ) from None


def expect_lines(columns: Sequence[str], rows: list[dict[str, Any]], expected: list[list[str]], what: str = "") -> None:
    what = what or f"columns {list(columns)!a} and rows {rows!a}"
    got = exported(columns, rows, what)
    assert got == expected, told(f"to_csv of {what}: the lines", ascii(expected), ascii(got))


def expect_cell(value: object, expected: str) -> None:
    expect_lines(["id", "name"], [{"id": 7, "name": value}], [["id", "name"], ["7", expected]], f"the cell {value!a}")
    expect_lines(["name", "id"], [{"id": 7, "name": value}], [["name", "id"], [expected, "7"]], f"the cell {value!a}")


@pytest.mark.exercise("8.6")
class TestExport:
    def test_lines(self):
        """One line of names and one for each row, its cells in the order of the columns, others left out."""
        rows = [
            {"name": "Teapot", "id": 1, "price": "24.00"},
            {"price": "9.00", "secret": "x", "id": 2, "name": "Lamp"},
        ]
        expect_lines(["id", "name"], rows, [["id", "name"], ["1", "Teapot"], ["2", "Lamp"]])
        expect_lines(("price", "id"), rows, [["price", "id"], ["24.00", "1"], ["9.00", "2"]])
        expect_lines(["id"], rows, [["id"], ["1"], ["2"]])
        expect_lines(["id", "name"], [rows[0], rows[0]], [["id", "name"], ["1", "Teapot"], ["1", "Teapot"]])

    def test_no_rows(self):
        """Without rows there is the line of names alone, and the next file begins anew."""
        for columns in (["id", "name"], ["id"]):
            expect_lines(columns, [], [columns])
        expect_lines(["id", "name"], [{"id": 1, "name": "x"}], [["id", "name"], ["1", "x"]])

    def test_commas_and_quotes(self):
        """Commas and quotes belong to their cell."""
        for text in (
            "Teapot, blue",
            ",",
            'the "new" one',
            '"',
            '""',
            '"a","b"',
            'a",b',
            "a;b",
            "a'b",
            "'",
            "''x",
            "\\",
            '\\"',
        ):
            expect_cell(text, text)

    def test_line_breaks_and_blanks(self):
        """Line breaks, blanks and all other characters stay in their cell as they were."""
        for text in (
            "a\r\nb",
            "a\nb",
            "a\rb",
            "\nx",
            "x\n",
            " x ",
            " ",
            "x\t",
            "\u2028",
            "日本",
            "é",
            "😀",
            "NULL",
            "a=b",
            "x" * 9000,
        ):
            expect_cell(text, text)

    def test_none_and_numbers(self):
        """None is an empty cell, a number is written in digits."""
        for value, text in ((None, ""), ("", ""), (0, "0"), (42, "42"), (10**15, "1000000000000000"), ("None", "None")):
            expect_cell(value, text)
        expect_lines(["a", "b", "c"], [{"a": None, "b": None, "c": None}], [["a", "b", "c"], ["", "", ""]])

    def test_formulas(self):
        """A cell that begins like a formula gets an apostrophe in front, whatever stands behind."""
        for start in ("=", "+", "-", "@", "\t", "\r"):
            for rest in ("1+1", "", "x,y", ' "a"', start, "\r\n", "cmd|' /C calc'!A0"):
                expect_cell(start + rest, "'" + start + rest)

    def test_formulas_everywhere(self):
        """Negative numbers and names of columns are no exception, nor is any line or column."""
        expect_cell(-5, "'-5")
        rows = [{"-x": "=1", "@y": "ok", "z": "+2"}, {"-x": "ok", "@y": "=3", "z": -4}, {"-x": 5, "@y": None, "z": "@"}]
        expected = [["'-x", "'@y", "z"], ["'=1", "ok", "'+2"], ["ok", "'=3", "'-4"], ["5", "", "'@"]]
        expect_lines(["-x", "@y", "z"], rows, expected)

    def test_no_formula(self):
        """What only contains such a character, or hides it behind a blank or an apostrophe, stays as it was."""
        for text in (
            "1=1",
            " =1+1",
            "'=1+1",
            "a+b",
            "x@example.com",
            "2026-01-01",
            "\n=1",
            '"=1"',
            "_-",
            "'",
            "#x",
            "!x",
            "\xad=",
            "＝1",
        ):
            expect_cell(text, text)
