"""Wrong and alternative right answers to the exercises of chapter 08."""

from coursekit.answers import right, wrong

# --- 8.1 what may caches do with this? -------------------------------------------------------------------------------

_SET = '{directive.strip().lower() for directive in said.split(",")}'
_JUDGED = 'personal and directives.isdisjoint({"no-store", "private"})'

wrong(
    "8.1",
    "a word anywhere in the text counts",
    replace=_JUDGED,
    by='personal and "private" not in said.lower() and "no-store" not in said.lower()',
    caught_by="test_lookalikes",
)
wrong("8.1", "upper case is another word", replace=".strip().lower()", by=".strip()", caught_by="test_spelling")
wrong("8.1", "blanks belong to the directive", replace=".strip().lower()", by=".lower()", caught_by="test_spelling")
wrong(
    "8.1",
    "only the blank behind a comma is cut off",
    replace=_SET,
    by='set(said.lower().split(", "))',
    caught_by="test_personal_and_private",
)
wrong(
    "8.1",
    "nothing said is no-cache",
    replace='return "no-store"',
    by='return "no-cache"',
    caught_by="test_nothing_said",
)
wrong(
    "8.1",
    "nothing said matters for personal answers alone",
    replace='        return "no-store"',
    by='        return "no-store" if personal else "no-cache"',
    caught_by="test_nothing_said",
)
wrong(
    "8.1",
    "personal answers are never kept",
    replace=_JUDGED,
    by="personal",
    caught_by="test_personal_and_private",
)
wrong(
    "8.1",
    "everybody's answers are judged too",
    replace=_JUDGED,
    by='directives.isdisjoint({"no-store", "private"})',
    caught_by="test_for_everybody",
)
wrong(
    "8.1",
    "private is put in front of what was said",
    replace='return "private, no-cache"',
    by='return f"private, {said}"',
    caught_by="test_personal_and_kept_by_everybody",
)
wrong(
    "8.1",
    "no-cache is taken for do not keep",
    replace='{"no-store", "private"}',
    by='{"no-store", "private", "no-cache"}',
    caught_by="test_personal_and_kept_by_everybody",
)
wrong(
    "8.1",
    "only no-store stays",
    replace='{"no-store", "private"}',
    by='{"no-store"}',
    caught_by="test_personal_and_private",
)
wrong(
    "8.1",
    "the value of a directive is cut off",
    replace="directive.strip().lower()",
    by='directive.partition("=")[0].strip().lower()',
    caught_by="test_lookalikes",
)
wrong(
    "8.1",
    "only the first directive is looked at",
    replace=_SET,
    by='{said.split(",")[0].strip().lower()}',
    caught_by="test_personal_and_private",
)
wrong(
    "8.1",
    "semicolons separate too",
    replace='said.split(",")',
    by='said.replace(";", ",").split(",")',
    caught_by="test_lookalikes",
)
wrong(
    "8.1",
    "what was said is tidied up",
    replace="    return said\n",
    by='    return ", ".join(part.strip() for part in said.split(","))\n',
    caught_by="test_for_everybody",
)
wrong(
    "8.1",
    "an empty text is taken for None",
    replace="if said is None:",
    by="if not said:",
    caught_by="test_for_everybody",
)
wrong(
    "8.1",
    "public beside private is taken at its word",
    replace=_JUDGED,
    by='personal and ("public" in directives or directives.isdisjoint({"no-store", "private"}))',
    caught_by="test_personal_and_private",
)
right(
    "8.1",
    "a pattern",
    edits=[
        (
            '"""What caches may do with an answer (RFC 9111)."""',
            '"""What caches may do with an answer."""\n\nimport re',
        ),
        (f"    directives = {_SET}\n", ""),
        (_JUDGED, 'personal and not re.search(r"(?i)(?:^|,)[ \\t]*(?:private|no-store)[ \\t]*(?:,|$)", said)'),
    ],
)
right(
    "8.1",
    "a loop over the directives",
    region="""
if said is None:
    return "no-store"
if not personal:
    return said
for part in said.split(","):
    if part.strip(" \\t").casefold() in ("private", "no-store"):
        return said
return "private, no-cache"
""",
)

# --- 8.2 a name for any file -----------------------------------------------------------------------------------------

_NAME = r'''re.sub(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]", "_", filename) or "download"'''
_FALLBACK = """re.sub(r'[^ -~]|["%]', "_", name)"""
_ENCODED = 'quote(name, safe="!#$&+-.^_`|~")'

wrong(
    "8.2",
    "quotes are escaped with a backslash",
    edits=[(_FALLBACK, _FALLBACK + """.replace('"', '\\\\"')"""), ("""["%]""", "%")],
    caught_by="test_no_other_parameter",
)
wrong("8.2", "quotes stay", replace="""["%]""", by="%", caught_by="test_no_other_parameter")
wrong("8.2", "the percent sign stays in the fallback", replace="""["%]""", by='"', caught_by="test_percent")
wrong(
    "8.2",
    "the fallback is Latin-1",
    replace="[^ -~]|",
    by="[^ -~\\xa0-\\xff]|",
    caught_by="test_other_scripts",
)
wrong(
    "8.2",
    "what is not ASCII is dropped",
    replace=_FALLBACK,
    by="""re.sub('["%]', "_", name.encode("ascii", "ignore").decode())""",
    caught_by="test_other_scripts",
)
wrong(
    "8.2",
    "accents are taken off for the fallback",
    edits=[
        ("import re\n", "import re\nimport unicodedata\n"),
        (_FALLBACK, """re.sub(r'[^ -~]|["%]', "_", unicodedata.normalize("NFKD", name))"""),
    ],
    caught_by="test_other_scripts",
)
wrong(
    "8.2",
    "several characters become one underscore",
    replace="""re.sub(r'[^ -~]|["%]', """,
    by="""re.sub(r'(?:[^ -~]|["%])+', """,
    caught_by="test_other_scripts",
)
wrong("8.2", "the default of quote", replace=_ENCODED, by="quote(filename)", caught_by="test_half_a_surrogate_pair")
wrong(
    "8.2",
    "what JavaScript leaves alone is left alone",
    replace=_ENCODED,
    by="""quote(name, safe="!'()*")""",
    caught_by="test_no_other_parameter",
)
wrong(
    "8.2",
    "blanks become plus signs",
    edits=[("import quote", "import quote_plus"), (_ENCODED, "quote_plus(name)")],
    caught_by="test_plain_name",
)
wrong(
    "8.2",
    "percent signs are taken for encoded already",
    replace='safe="!#',
    by='safe="%!#',
    caught_by="test_percent",
)
wrong(
    "8.2",
    "encoded in Latin-1 where that is possible",
    replace=_ENCODED,
    by="""quote(name, safe="", encoding="latin-1" if max(name) < "\\u0100" else "utf-8")""",
    caught_by="test_other_scripts",
)
wrong("8.2", "line breaks stay in the name", replace=r"\x00-\x1f\x7f-\x9f/", by="/", caught_by="test_no_other_header")
wrong(
    "8.2",
    "the upper control characters stay",
    replace=r"\x00-\x1f\x7f-\x9f/",
    by=r"\x00-\x1f\x7f/",
    caught_by="test_no_other_header",
)
wrong("8.2", "slashes stay in the name", replace=r"\x9f/\\", by=r"\x9f\\", caught_by="test_no_path")
wrong("8.2", "backslashes stay in the name", replace=r"/\\", by="/", caught_by="test_no_path")
wrong(
    "8.2",
    "only what stands behind the last slash",
    replace='"_", filename)',
    by='"_", filename.split("/")[-1])',
    caught_by="test_no_path",
)
wrong("8.2", "half a pair raises", replace=r"\ud800-\udfff", by="", caught_by="test_half_a_surrogate_pair")
wrong(
    "8.2",
    "half a pair becomes a question mark",
    edits=[(r"\ud800-\udfff", ""), (_ENCODED, """quote(name, safe="", errors="replace")""")],
    caught_by="test_half_a_surrogate_pair",
)
wrong(
    "8.2",
    "two halves side by side become one character",
    edits=[
        (
            "    name = ",
            '    filename = filename.encode("utf-16", "surrogatepass").decode("utf-16", "replace")\n    name = ',
        ),
        (r"\ud800-\udfff", r"\ufffd"),
    ],
    caught_by="test_half_a_surrogate_pair",
)
wrong("8.2", "no name stays no name", replace=' or "download"', by="", caught_by="test_every_length")
wrong(
    "8.2",
    "an empty name only in the fallback",
    edits=[(' or "download"', ""), (_FALLBACK, _FALLBACK + ' or "download"')],
    caught_by="test_every_length",
)
wrong("8.2", "cut at 255", replace='= re.sub(r"[', by='= re.sub(r"(?<=^.{255}).*|[', caught_by="test_every_length")
wrong(
    "8.2",
    "blanks around the name are cut off",
    replace="filename) or",
    by="filename.strip()) or",
    caught_by="test_plain_name",
)
wrong(
    "8.2",
    "filename* only when it is needed",
    replace="    return f",
    by="""    if name == fallback:
        return f'attachment; filename="{name}"'
    return f""",
    caught_by="test_plain_name",
)
wrong("8.2", "the character set in small letters", replace="UTF-8''", by="utf-8''", caught_by="test_plain_name")
right("8.2", "everything that quote encodes is encoded", replace=_ENCODED, by='quote(name, safe="")')
right(
    "8.2",
    "tables of characters, and every byte encoded",
    edits=[
        ("import re\nfrom urllib.parse import quote\n", "import unicodedata\n"),
        (
            _NAME,
            """"".join(
        "_" if unicodedata.category(character) in ("Cc", "Cs") or character in "/\\\\" else character
        for character in filename or "download"
    )""",
        ),
        (
            _FALLBACK,
            """"".join(
        character if character.isascii() and character not in '"%' else "_" for character in name
    )""",
        ),
        (_ENCODED, '"".join(f"%{byte:02x}" for byte in name.encode())'),
    ],
)

# --- 8.3 is the copy still good? -------------------------------------------------------------------------------------

_DIGEST = """return f'"{sha256(content).hexdigest()}"'"""
_STAR = """    if if_none_match.strip(" \\t") == "*":
        return True
"""
_FOUND = 'etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in read_tags(if_none_match)}'

wrong(
    "8.3",
    "Python's own hash",
    replace=_DIGEST,
    by="return f'\"{hash(content):x}\"'",
    caught_by="test_one_tag_for_one_content",
)
wrong("8.3", "the length", replace=_DIGEST, by="return f'\"{len(content)}\"'", caught_by="test_one_tag_for_one_content")
wrong(
    "8.3",
    "a checksum",
    edits=[("import re\n", "import re\nimport zlib\n"), (_DIGEST, "return f'\"{zlib.crc32(content):08x}\"'")],
    caught_by="test_one_tag_for_one_content",
)
wrong(
    "8.3",
    "only the beginning is digested",
    replace="sha256(content)",
    by="sha256(content[:1000])",
    caught_by="test_one_tag_for_one_content",
)
wrong(
    "8.3",
    "four digits will do",
    replace=".hexdigest()}",
    by=".hexdigest()[:4]}",
    caught_by="test_one_tag_for_one_content",
)
wrong(
    "8.3",
    "64 bits",
    replace=".hexdigest()}",
    by=".hexdigest()[:16]}",
    caught_by="test_is_a_strong_tag",
)
wrong(
    "8.3",
    "80 bits",
    replace=".hexdigest()}",
    by=".hexdigest()[:20]}",
    caught_by="test_is_a_strong_tag",
)
wrong(
    "8.3",
    "MD5",
    edits=[("import sha256", "import md5"), ("{sha256(", "{md5(")],
    caught_by="test_one_tag_for_one_content",
)
wrong(
    "8.3",
    "what JSON means",
    edits=[
        ("import re\n", "import json\nimport re\n"),
        (
            _DIGEST,
            """try:
        content = json.dumps(json.loads(content), sort_keys=True).encode()
    except ValueError:
        pass
    return f'"{sha256(content).hexdigest()}"\'""",
        ),
    ],
    caught_by="test_one_tag_for_one_content",
)
wrong(
    "8.3",
    "random",
    edits=[("import re\n", "import re\nimport secrets\n"), (_DIGEST, "return f'\"{secrets.token_hex()}\"'")],
    caught_by="test_one_tag_for_one_content",
)
wrong("8.3", "no quotes", replace=_DIGEST, by="return sha256(content).hexdigest()", caught_by="test_is_a_strong_tag")
wrong("8.3", "a weak tag", replace="""f'"{sha""", by="""f'W/"{sha""", caught_by="test_is_a_strong_tag")
wrong(
    "8.3",
    "the digest as Base64 with line end",
    edits=[
        ("import re\n", "import base64\nimport re\n"),
        (_DIGEST, "return f'\"{base64.encodebytes(sha256(content).digest()).decode()}\"'"),
    ],
    caught_by="test_is_a_strong_tag",
)
wrong(
    "8.3",
    "no header is everything",
    replace="        return False",
    by="        return True",
    caught_by="test_nothing_sent",
)
wrong("8.3", "no star", replace=_STAR, by="", caught_by="test_nothing_sent")
wrong("8.3", "the star must stand alone", replace='.strip(" \\t") == "*"', by=' == "*"', caught_by="test_nothing_sent")
wrong(
    "8.3",
    "a star anywhere",
    replace='if_none_match.strip(" \\t") == "*"',
    by='"*" in if_none_match',
    caught_by="test_every_character_counts",
)
wrong(
    "8.3",
    "a star in a list",
    replace='if_none_match.strip(" \\t") == "*"',
    by='"*" in [part.strip() for part in if_none_match.split(",")]',
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.3",
    "a star with a comma",
    replace='strip(" \\t") == "*"',
    by='strip(" \\t,") == "*"',
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.3", "strong comparison", replace=_FOUND, by="etag in read_tags(if_none_match)", caught_by="test_weak_comparison"
)
wrong(
    "8.3",
    "only the client's tags may be weak",
    replace=_FOUND,
    by='etag in {tag.removeprefix("W/") for tag in read_tags(if_none_match)}',
    caught_by="test_weak_comparison",
)
wrong(
    "8.3",
    "only the answer's tag may be weak",
    replace=_FOUND,
    by='etag.removeprefix("W/") in read_tags(if_none_match)',
    caught_by="test_weak_comparison",
)
wrong(
    "8.3",
    "a part of the text",
    replace=_FOUND,
    by='etag.removeprefix("W/") in if_none_match',
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.3",
    "split at commas",
    replace="read_tags(if_none_match)",
    by='(part.strip() for part in if_none_match.split(","))',
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.3",
    "every W/ is taken out",
    replace=_FOUND,
    by='etag.replace("W/", "") in [tag.replace("W/", "") for tag in read_tags(if_none_match)]',
    caught_by="test_every_character_counts",
)
wrong(
    "8.3",
    "upper and lower case are the same",
    replace=_FOUND,
    by='etag.removeprefix("W/").lower() in {tag.removeprefix("W/").lower() for tag in read_tags(if_none_match)}',
    caught_by="test_every_character_counts",
)
wrong(
    "8.3",
    "only the first of the list",
    replace="read_tags(if_none_match)}",
    by="read_tags(if_none_match)[:1]}",
    caught_by="test_one_of_the_list",
)
wrong(
    "8.3",
    "what cannot be read is a match",
    replace=f"return {_FOUND}",
    by=f"return {_FOUND} or not read_tags(if_none_match)",
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.3",
    "tags found by a pattern of one's own",
    replace="read_tags(if_none_match)",
    by="""re.findall(r'"[^"]*"', if_none_match)""",
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.3",
    "the compressed form is another",
    replace="read_tags(if_none_match)",
    by="(re.findall(_TAG, if_none_match) if _LIST.fullmatch(if_none_match) else [])",
    caught_by="test_compressed_form",
)
right(
    "8.3",
    "loops, and another digest",
    regions=[
        """
import hashlib

digest = hashlib.blake2b(content, digest_size=16)
return '"' + digest.hexdigest() + '"'
""",
        """
if if_none_match is None:
    return False
wanted = etag[2:] if etag.startswith("W/") else etag
for tag in read_tags(if_none_match):
    if tag in (wanted, "W/" + wanted):
        return True
return if_none_match.strip() == "*"
""",
    ],
)
right(
    "8.3",
    "a name in front of 128 bits",
    edits=[
        ("import sha256", "import shake_128"),
        (_DIGEST, "return f'\"shake-{shake_128(content).hexdigest(16)}\"'"),
    ],
)
right(
    "8.3",
    "the length and a digest in Base64",
    edits=[
        ("import re\n", "import re\nfrom base64 import b64encode\n"),
        (_DIGEST, "return f'\"{len(content)}-{b64encode(sha256(content).digest()).decode()}\"'"),
    ],
)

# --- 8.4 which versions does the client expect? ----------------------------------------------------------------------

_NONE = """if_match is None or if_match.strip(" \\t") == "*\""""
_PATTERN = """re.compile(rf'"{item_id}-([1-9][0-9]{{0,17}})"')"""
_VERSIONS = "frozenset(int(match[1]) for tag in read_tags(if_match) if (match := version.fullmatch(tag)))"

wrong(
    "8.4",
    "an empty header is none",
    replace=_NONE,
    by="""not if_match or if_match.strip(" \\t") == "*\"""",
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.4",
    "nothing found is no condition",
    replace=f"return {_VERSIONS}",
    by=f"return {_VERSIONS} or None",
    caught_by="test_no_list_of_tags",
)
wrong("8.4", "no star", replace=_NONE, by="if_match is None", caught_by="test_no_condition")
wrong("8.4", "the star must stand alone", replace='.strip(" \\t") == "*"', by=' == "*"', caught_by="test_no_condition")
wrong(
    "8.4",
    "a star anywhere",
    replace='if_match.strip(" \\t") == "*"',
    by='"*" in if_match',
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.4",
    "weak comparison",
    replace="version.fullmatch(tag)",
    by='version.fullmatch(tag.removeprefix("W/"))',
    caught_by="test_strong_comparison",
)
wrong(
    "8.4",
    "found anywhere in the tag",
    replace="version.fullmatch(tag)",
    by="version.search(tag)",
    caught_by="test_strong_comparison",
)
wrong(
    "8.4",
    "the quotes do not matter",
    replace="version.fullmatch(tag)",
    by='re.fullmatch(rf"{item_id}-([1-9][0-9]{{0,17}})", tag.strip("\\"W/"))',
    caught_by="test_strong_comparison",
)
wrong(
    "8.4",
    "any item's version",
    replace=_PATTERN,
    by="""re.compile(r'"[0-9]+-([1-9][0-9]{0,17})"')""",
    caught_by="test_other_items",
)
wrong(
    "8.4",
    "the end of the id is enough",
    replace=_PATTERN,
    by="""re.compile(rf'"[0-9]*{item_id}-([1-9][0-9]{{0,17}})"')""",
    caught_by="test_other_items",
)
wrong(
    "8.4",
    "behind the last hyphen",
    replace=_VERSIONS,
    by="""frozenset(
        int(number)
        for tag in read_tags(if_match)
        if tag.startswith(f'"{item_id}-') and (number := tag.rpartition("-")[2][:-1]).isdecimal()
    )""",
    caught_by="test_other_items",
)
wrong("8.4", "zeros in front", replace="[1-9][0-9]{{0,17}}", by="[0-9]{{1,18}}", caught_by="test_lookalikes")
wrong("8.4", "version 0", replace="[1-9][0-9]{{0,17}}", by="0|[1-9][0-9]{{0,17}}", caught_by="test_lookalikes")
wrong("8.4", "numbers of any length", replace="{{0,17}}", by="*", caught_by="test_lookalikes")
wrong("8.4", "19 digits", replace="{{0,17}}", by="{{0,18}}", caught_by="test_lookalikes")
wrong("8.4", "17 digits", replace="{{0,17}}", by="{{0,16}}", caught_by="test_one_version")
wrong(
    "8.4",
    "what int makes of it",
    replace=_VERSIONS,
    by="""frozenset(
        int(tag.removeprefix(f'"{item_id}-')[:-1]) for tag in read_tags(if_match) if tag.startswith(f'"{item_id}-')
    )""",
    caught_by="test_lookalikes",
)
wrong(
    "8.4",
    "digits are what isdigit says",
    replace=_VERSIONS,
    by="""frozenset(
        int(number)
        for tag in read_tags(if_match)
        if tag.startswith(f'"{item_id}-')
        and (number := tag.removeprefix(f'"{item_id}-')[:-1]).isdigit()
        and len(number) <= 18
        and number[0] != "0"
    )""",
    caught_by="test_lookalikes",
)
wrong(
    "8.4",
    "split at commas",
    replace="read_tags(if_match)",
    by='(part.strip(" \\t") for part in if_match.split(","))',
    caught_by="test_no_list_of_tags",
)
wrong(
    "8.4",
    "only the first of the list",
    replace="read_tags(if_match)",
    by="read_tags(if_match)[:1]",
    caught_by="test_list",
)
wrong(
    "8.4",
    "found by a pattern in the header",
    replace=_VERSIONS,
    by="frozenset(int(number) for number in version.findall(if_match))",
    caught_by="test_strong_comparison",
)
wrong(
    "8.4",
    "the compressed form names nothing",
    replace="in read_tags(if_match) if",
    by="in (read_tags(if_match) if 'gzip' not in if_match else []) if",
    caught_by="test_compressed_form",
)
wrong(
    "8.4",
    "versions as text",
    replace="int(match[1])",
    by="match[1]",
    caught_by="test_one_version",
)
wrong(
    "8.4",
    "a star with a comma",
    replace='strip(" \\t") == "*"',
    by='strip(" \\t,") == "*"',
    caught_by="test_no_list_of_tags",
)
right(
    "8.4",
    "digits as the pattern language has them, of tags that are Latin-1",
    replace="[0-9]{{0,17}}",
    by=r"\d{{0,17}}",
)
right(
    "8.4",
    "the tag made again and compared",
    edits=[
        (
            "import re\n\nfrom course_app.core.etags import read_tags",
            "from course_app.core.etags import item_tag, read_tags",
        ),
        (
            f"    version = {_PATTERN}\n    return {_VERSIONS}",
            """    found = set()
    for tag in read_tags(if_match):
        number = tag.strip('"').rpartition("-")[2]
        if number.isdecimal() and 0 < len(number) <= 18 and int(number) and tag == item_tag(item_id, int(number)):
            found.add(int(number))
    return frozenset(found)""",
        ),
    ],
)
right(
    "8.4",
    "taken apart with removeprefix",
    edits=[
        (
            f"    version = {_PATTERN}\n    return {_VERSIONS}",
            """    prefix, versions = f'"{item_id}-', []
    for tag in read_tags(if_match):
        number = tag[len(prefix) : -1] if tag.startswith(prefix) else ""
        if re.fullmatch("[0-9]{1,18}", number) and not number.startswith("0"):
            versions.append(int(number))
    return frozenset(versions)""",
        ),
    ],
)

# --- 8.5 the challenge -----------------------------------------------------------------------------------------------

_REALM = r"""re.sub(r'(["\\])', r"\\\1", re.sub("[^ -~]", "?", realm))"""
_DESCRIPTION = r"""re.sub(r'[^ -~]|["\\]', "?", description)"""
_RETURN = """return " ".join(["Bearer", ", ".join(parameters)]).rstrip()"""

wrong("8.5", "a blank behind the bare scheme", replace=".rstrip()", by="", caught_by="test_bare")
wrong(
    "8.5",
    "a comma behind the scheme",
    replace=_RETURN,
    by='return ", ".join(["Bearer", *parameters])',
    caught_by="test_codes",
)
wrong("8.5", "blanks between parameters", replace='", ".join', by='" ".join', caught_by="test_all_three")
wrong("8.5", "no blank behind the comma", replace='", ".join', by='",".join', caught_by="test_all_three")
wrong(
    "8.5",
    "an empty code is no code",
    replace="if error is not None and error not in CODES",
    by="if error and error not in CODES",
    caught_by="test_other_codes",
)
wrong(
    "8.5",
    "any code",
    replace="""    if error is not None and error not in CODES:
        raise ValueError(f"{error!r} is no code of RFC 6750")
""",
    by="",
    caught_by="test_other_codes",
)
wrong(
    "8.5",
    "codes in any case",
    replace="error not in CODES",
    by="error.lower() not in CODES",
    caught_by="test_other_codes",
)
wrong(
    "8.5",
    "a part of a code",
    replace="error not in CODES",
    by='error not in " ".join(CODES)',
    caught_by="test_other_codes",
)
wrong(
    "8.5",
    "a description without an error",
    replace="if error and description",
    by="if description",
    caught_by="test_no_description_without_an_error",
)
wrong(
    "8.5",
    "an empty description",
    replace="if error and description",
    by="if error and description is not None",
    caught_by="test_all_three",
)
wrong("8.5", "an empty realm", replace="if realm:", by="if realm is not None:", caught_by="test_bare")
wrong("8.5", "no realm without an error", replace="if realm:", by="if realm and error:", caught_by="test_all_three")
wrong(
    "8.5",
    "the realm is not escaped",
    replace=_REALM,
    by='re.sub("[^ -~]", "?", realm)',
    caught_by="test_quotes_in_a_realm",
)
wrong(
    "8.5",
    "only quotes are escaped",
    replace=r"""(["\\])""",
    by='(["])',
    caught_by="test_quotes_in_a_realm",
)
wrong(
    "8.5",
    "quotes before backslashes",
    replace=_REALM,
    by=r"""re.sub("[^ -~]", "?", realm).replace('"', '\\"').replace("\\", "\\\\")""",
    caught_by="test_quotes_in_a_realm",
)
wrong(
    "8.5",
    "question marks in the realm too",
    replace=_REALM,
    by=_DESCRIPTION.replace("description", "realm"),
    caught_by="test_quotes_in_a_realm",
)
wrong(
    "8.5",
    "the description is escaped like the realm",
    replace=_DESCRIPTION,
    by=_REALM.replace("realm", "description"),
    caught_by="test_quotes_in_a_description",
)
wrong(
    "8.5",
    "backslashes in a description",
    replace=_DESCRIPTION,
    by="""re.sub('[^ -~]|["]', "?", description)""",
    caught_by="test_quotes_in_a_description",
)
wrong(
    "8.5",
    "line breaks in a realm",
    replace=_REALM,
    by=r"""re.sub(r'(["\\])', r"\\\1", realm)""",
    caught_by="test_no_other_header",
)
wrong("8.5", "line breaks in a description", replace="[^ -~]|", by="", caught_by="test_no_other_header")
wrong(
    "8.5",
    "Latin-1 stays",
    edits=[('"[^ -~]", "?", realm', '"[^ -~\\xa0-\\xff]", "?", realm'), ("r'[^ -~]|", "r'[^ -~\\xa0-\\xff]|")],
    caught_by="test_no_other_header",
)
wrong(
    "8.5",
    "several characters become one question mark",
    edits=[('"[^ -~]", "?", realm', '"[^ -~]+", "?", realm'), ("r'[^ -~]|", "r'[^ -~]+|")],
    caught_by="test_no_other_header",
)
wrong(
    "8.5",
    "dropped instead of replaced",
    edits=[('"[^ -~]", "?", realm', '"[^ -~]", "", realm'), ("""\\\\]', "?", d""", """\\\\]', "", d""")],
    caught_by="test_no_other_header",
)
wrong(
    "8.5",
    "the realm comes last",
    edits=[
        ("        parameters.append(f'realm", "        last.append(f'realm"),
        ("    parameters = []", "    parameters, last = [], []"),
        ('", ".join(parameters)', '", ".join(parameters + last)'),
    ],
    caught_by="test_all_three",
)
wrong("8.5", "single quotes", replace="""f'error="{error}"'""", by='''f"error='{error}'"''', caught_by="test_codes")
wrong(
    "8.5",
    "the description under its argument's name",
    replace="error_description=",
    by="description=",
    caught_by="test_all_three",
)
right(
    "8.5",
    "a dictionary of values",
    region=r"""
if error not in (None, *CODES):
    raise ValueError("no code of RFC 6750")

def printable(text: str | None) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text or "")

values = {
    "realm": printable(realm).replace("\\", "\\\\").replace('"', '\\"'),
    "error": error,
    "error_description": printable(description).replace("\\", "?").replace('"', "?") if error else "",
}
said = ", ".join(f'{name}="{value}"' for name, value in values.items() if value)
return f"Bearer {said}" if said else "Bearer"
""",
)
right(
    "8.5",
    "text added piece by piece",
    region=r"""
if error is not None and CODES.count(error) == 0:
    raise ValueError(error)
challenge = "Bearer"
if realm:
    challenge += ' realm="'
    for character in realm:
        if character in '"\\':
            challenge += "\\"
        challenge += character if 32 <= ord(character) < 127 else "?"
    challenge += '"'
if error:
    challenge += ("," if realm else "") + f' error="{error}"'
    if description:
        table = {ord('"'): "?", ord("\\"): "?"}
        text = re.sub(r"[^\x20-\x7e]", "?", description).translate(table)
        challenge += f', error_description="{text}"'
return challenge
""",
)

# --- 8.6 repair the export -------------------------------------------------------------------------------------------

_WRITER = "writer = csv.writer(file)"
_TEXTS = 'texts = ["" if cell is None else str(cell) for cell in cells]'
_SAFE = """[f"'{text}" if text.startswith(FORMULA_STARTS) else text for text in texts]"""

wrong("8.6", "formulas go through", replace=_SAFE, by="texts", caught_by="test_formulas")
wrong(
    "8.6", "only the equals sign", replace="startswith(FORMULA_STARTS)", by='startswith("=")', caught_by="test_formulas"
)
wrong(
    "8.6",
    "only what can be seen",
    replace="startswith(FORMULA_STARTS)",
    by='startswith(("=", "+", "-", "@"))',
    caught_by="test_formulas",
)
wrong(
    "8.6",
    "the apostrophe instead of the character",
    replace="""f"'{text}\"""",
    by="""f"'{text[1:]}\"""",
    caught_by="test_formulas",
)
wrong("8.6", "a blank in front", replace="""f"'{text}\"""", by='f" {text}"', caught_by="test_formulas")
wrong(
    "8.6",
    "blanks in front are passed over",
    replace="text.startswith(FORMULA_STARTS)",
    by="text.lstrip(' ').startswith(FORMULA_STARTS)",
    caught_by="test_no_formula",
)
wrong(
    "8.6",
    "anywhere in the cell",
    replace="text.startswith(FORMULA_STARTS)",
    by="any(start in text for start in FORMULA_STARTS)",
    caught_by="test_no_formula",
)
wrong(
    "8.6",
    "every text gets an apostrophe",
    replace="text.startswith(FORMULA_STARTS)",
    by="text",
    caught_by="test_lines",
)
wrong(
    "8.6",
    "numbers are no formulas",
    edits=[
        (_SAFE, "texts"),
        (
            _TEXTS,
            """texts = [
            f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell for cell in cells
        ]""",
        ),
    ],
    caught_by="test_formulas_everywhere",
)
wrong(
    "8.6",
    "the names of the columns are trusted",
    replace='writer.writerow([f"\'{text}" if text.startswith(FORMULA_STARTS)',
    by='writer.writerow([f"\'{text}" if cells is not columns and text.startswith(FORMULA_STARTS)',
    caught_by="test_formulas_everywhere",
)
wrong(
    "8.6",
    "only line feeds",
    replace=_WRITER,
    by='writer = csv.writer(file, lineterminator="\\n")',
    caught_by="test_lines",
)
wrong("8.6", "semicolons", replace=_WRITER, by='writer = csv.writer(file, delimiter=";")', caught_by="test_lines")
wrong(
    "8.6",
    "backslashes instead of doubled quotes",
    replace=_WRITER,
    by='writer = csv.writer(file, doublequote=False, escapechar="\\\\")',
    caught_by="test_commas_and_quotes",
)
wrong(
    "8.6", "line ends translated", replace='StringIO(newline="")', by="StringIO(newline=None)", caught_by="test_lines"
)
wrong(
    "8.6",
    "None by its name",
    replace='"" if cell is None else str(cell)',
    by="str(cell)",
    caught_by="test_none_and_numbers",
)
wrong(
    "8.6",
    "whatever is falsy is empty",
    replace='"" if cell is None else str(cell)',
    by='str(cell or "")',
    caught_by="test_none_and_numbers",
)
wrong(
    "8.6",
    "no line of names",
    replace="in (columns, *([row[name] for name in columns] for row in rows))",
    by="in ([row[name] for name in columns] for row in rows)",
    caught_by="test_lines",
)
wrong(
    "8.6",
    "the values in the order of the row",
    replace="[row[name] for name in columns]",
    by="[value for name, value in row.items() if name in columns]",
    caught_by="test_lines",
)
wrong(
    "8.6",
    "all values of the row",
    replace="[row[name] for name in columns]",
    by="list(row.values())",
    caught_by="test_lines",
)
wrong(
    "8.6",
    "no end of the last line",
    replace="return file.getvalue()",
    by='return file.getvalue().removesuffix("\\r\\n")',
    caught_by="test_lines",
)
wrong(
    "8.6",
    "blanks cut off",
    replace="else str(cell)",
    by="else str(cell).strip()",
    caught_by="test_line_breaks_and_blanks",
)
wrong(
    "8.6",
    "line breaks taken out",
    replace="else str(cell)",
    by='else " ".join(str(cell).splitlines())',
    caught_by="test_line_breaks_and_blanks",
)
wrong(
    "8.6",
    "quoted by hand, quotes not doubled",
    region="""
lines = []
for cells in (columns, *([row[name] for name in columns] for row in rows)):
    texts = ["" if cell is None else str(cell) for cell in cells]
    texts = [f"'{text}" if text.startswith(FORMULA_STARTS) else text for text in texts]
    lines.append(",".join(f'"{text}"' for text in texts) + "\\r\\n")
return "".join(lines)
""",
    caught_by="test_commas_and_quotes",
)
wrong(
    "8.6",
    "the apostrophe outside of the quotes",
    region="""
text = StringIO(newline="")
csv.writer(text).writerows([columns, *([row[name] for name in columns] for row in rows)])
lines = []
for line in csv.reader(StringIO(text.getvalue(), newline="")):
    cells = ['"' + cell.replace('"', '""') + '"' for cell in line]
    lines.append(",".join("'" + c if c[1:].startswith(FORMULA_STARTS) else c for c in cells))
return "\\r\\n".join([*lines, ""])
""",
    caught_by="test_formulas",
)
wrong(
    "8.6",
    "rows are gone through twice",
    replace='    file = StringIO(newline="")',
    by='    assert all(name in row for row in rows for name in columns)\n    file = StringIO(newline="")',
    caught_by="test_lines",
)
right("8.6", "everything in quotes", replace=_WRITER, by="writer = csv.writer(file, quoting=csv.QUOTE_ALL)")
right(
    "8.6",
    "by hand",
    region="""
def written(cell: object) -> str:
    text = "" if cell is None else str(cell)
    if text[:1] in FORMULA_STARTS and text:
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\\r\\n') else text

lines = [",".join(map(written, columns))]
for row in rows:
    lines.append(",".join(written(row[name]) for name in columns))
return "".join(line + "\\r\\n" for line in lines)
""",
)
right(
    "8.6",
    "DictWriter",
    region="""
def safe(cell: object) -> str:
    text = "" if cell is None else f"{cell}"
    return "'" + text if text.startswith(FORMULA_STARTS) else text

out = StringIO(newline="")
writer = csv.DictWriter(out, columns, extrasaction="ignore")
writer.writerow({name: safe(name) for name in columns})
for row in rows:
    writer.writerow({name: safe(value) for name, value in row.items()})
return out.getvalue()
""",
)
