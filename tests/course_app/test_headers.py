"""ETags and conditions, caching, challenges, and the export."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
from httpx import AsyncClient, Response

from coursekit.check_client import client_for

ITEMS, ITEM, EXPORT = "/api/v1/items", "/api/v1/items/1", "/api/v1/items/export"
LAMP = {"name": "Lamp", "price": "19.99", "description": "bright " * 100, "quantity": 3}
FIELDS = ["id", "name", "description", "price", "quantity", "owner_id", "created_at", "updated_at"]
PASSWORD = "Correct-Horse-7"
STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
PLAIN, GZIP = {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}
MALFORMED = (
    "",
    " ",
    ",",
    "1-1",
    "'1-1'",
    '"1-1',
    '1-1"',
    '"1-1" "1-2"',
    '"1-1", 1-2',
    '"1-1", *',
    "**",
    "W/*",
    'w/"1-1"',
    '"1-1";',
    '"x,"1-1"',
    '"x",-gzip"1-1"',
)


@pytest.fixture
async def manager(client_as: Any) -> AsyncClient:
    """The owner of item 1."""
    http: AsyncClient = await client_as("manager")
    assert (await http.post(ITEMS, json=LAMP)).status_code == 201
    return http


@pytest.fixture
async def cookie(manager: AsyncClient, app: Any) -> AsyncIterator[AsyncClient]:
    """The same account, signed in with cookies."""
    email = (await manager.get("/api/v1/users/me")).json()["data"]["email"]
    async with client_for(app) as http:
        form = {"username": email, "password": PASSWORD}
        assert (await http.post("/api/v1/auth/login", data=form)).status_code == 200
        yield http


def directives(response: Response) -> set[str]:
    return {part.strip() for part in response.headers["cache-control"].split(",")}


def assert_error(response: Response, status: int) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert (set(answer), answer["success"], answer["data"]) == (
        {"success", "message", "data", "errors"},
        False,
        None,
    )
    assert answer["errors"]


def assert_not_modified(response: Response, etag: str) -> None:
    assert response.status_code == 304
    assert response.headers["etag"] == etag
    assert response.content == b""
    assert not {"content-type", "content-length", "content-encoding"} & set(response.headers)
    assert "accept-encoding" in response.headers["vary"].lower()


# ETag and 304


async def test_every_answer_with_an_item_has_its_tag(manager: AsyncClient, client: AsyncClient) -> None:
    created = await manager.post(ITEMS, json={"name": "Vase", "price": "1"})
    tag = created.headers["etag"]
    assert STRONG.fullmatch(tag)
    shown = await client.get(created.headers["location"])
    assert shown.headers["etag"] == tag
    replaced = await manager.put(created.headers["location"], json={"name": "Vase", "price": "2"})
    assert STRONG.fullmatch(replaced.headers["etag"])
    assert replaced.headers["etag"] != tag
    assert (await client.get(created.headers["location"])).headers["etag"] == replaced.headers["etag"]
    other = await client.get(ITEM, headers=PLAIN)
    assert other.headers["etag"] not in (tag, replaced.headers["etag"])


@pytest.mark.parametrize("path", [ITEM, ITEMS, ITEMS + "?q=lamp&limit=1"])
@pytest.mark.parametrize("coding", [PLAIN, GZIP], ids=["plain", "gzip"])
async def test_304(manager: AsyncClient, client: AsyncClient, path: str, coding: dict[str, str]) -> None:
    for http in (client, manager):
        whole = await http.get(path, headers=coding)
        tag = whole.headers["etag"]
        assert STRONG.fullmatch(tag)
        for sent in (tag, f"W/{tag}", f'"x", {tag}', f'W/"y",{tag} ', "*", f', {tag} ,, "a,b"'):
            response = await http.get(path, headers={"If-None-Match": sent, **coding})
            assert_not_modified(response, tag)
            for name in ("cache-control", "vary"):
                assert response.headers[name] == whole.headers[name]
            head = await http.head(path, headers={"If-None-Match": sent, **coding})
            assert_not_modified(head, tag)
        several = [("If-None-Match", '"x"'), ("If-None-Match", tag), *coding.items()]
        assert_not_modified(await http.get(path, headers=several), tag)


@pytest.mark.parametrize("path", [ITEM, ITEMS])
async def test_both_forms_have_a_tag_of_their_own_and_both_are_known(
    manager: AsyncClient, client: AsyncClient, path: str
) -> None:
    plain, small = await client.get(path, headers=PLAIN), await client.get(path, headers=GZIP)
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert plain.json() == small.json()
    tags = (plain.headers["etag"], small.headers["etag"])
    assert tags[0] != tags[1]
    for coding in (PLAIN, GZIP):
        for tag in tags:
            response = await client.get(path, headers={"If-None-Match": tag, **coding})
            assert response.status_code == 304
            assert response.headers["etag"] == (await client.get(path, headers=coding)).headers["etag"]


@pytest.mark.parametrize("sent", [*MALFORMED, '"nothing"', '"1-11"', '"1"', '"1-1x"', '"*"', "\xe9", '"\xe9"'])
async def test_anything_else_is_answered_in_full(manager: AsyncClient, client: AsyncClient, sent: str) -> None:
    for path in (ITEM, ITEMS):
        headers = [(b"If-None-Match", sent.encode("latin-1")), (b"Accept-Encoding", b"identity")]
        response = await client.get(path, headers=headers)
        assert response.status_code == 200
        assert response.json()["success"] is True


async def test_304_is_for_reading_alone(manager: AsyncClient) -> None:
    star = {"If-None-Match": "*"}
    assert_error(await manager.get("/api/v1/items/999", headers=star), 404)
    assert_error(await manager.get("/api/v1/items/0", headers=star), 422)
    assert (await manager.get("/api/v1/users/me", headers=star)).status_code == 200
    assert (await manager.get(EXPORT, headers=star)).status_code == 200
    assert (await manager.post(ITEMS, json=LAMP, headers=star)).status_code == 201


async def test_the_tag_of_a_list_follows_its_content(manager: AsyncClient, client: AsyncClient) -> None:
    tags = [(await client.get(ITEMS)).headers["etag"]]
    await manager.post(ITEMS, json={"name": "Vase", "price": "1"})
    tags.append((await client.get(ITEMS)).headers["etag"])
    await manager.put("/api/v1/items/2", json={"name": "Vase", "price": "2"})
    tags.append((await client.get(ITEMS)).headers["etag"])
    tags.append((await client.get(ITEMS + "?sort=-id")).headers["etag"])
    await manager.delete("/api/v1/items/2")
    tags.append((await client.get(ITEMS + "?skip=0&limit=5")).headers["etag"])
    assert len(set(tags)) == len(tags)
    assert (await client.get(ITEMS, headers={"If-None-Match": tags[0]})).status_code == 304


async def test_head_answers_the_headers_of_get(manager: AsyncClient, client: AsyncClient) -> None:
    for http, path, coding in (
        (client, ITEM, PLAIN),
        (client, ITEM, GZIP),
        (client, ITEMS, GZIP),
        (manager, EXPORT, PLAIN),
        (client, EXPORT, PLAIN),
        (client, "/api/v1/items/999", PLAIN),
        (manager, "/api/v1/users/me", PLAIN),
    ):
        get, head = await http.get(path, headers=coding), await http.head(path, headers=coding)
        assert (head.status_code, head.content) == (get.status_code, b"")
        ours = {name: value for name, value in get.headers.items() if name != "x-request-id"}
        assert {name: head.headers.get(name) for name in ours} == ours


# If-Match and 412


async def test_a_change_under_the_right_tag(manager: AsyncClient, client: AsyncClient) -> None:
    for coding in (PLAIN, GZIP):
        tag = (await client.get(ITEM, headers=coding)).headers["etag"]
        response = await manager.put(ITEM, json=LAMP, headers={"If-Match": f'"x", {tag}'})
        assert response.status_code == 200
    for value in (f'"7-1", {response.headers["etag"]}', "*"):
        response = await manager.put(ITEM, json=LAMP, headers={"If-Match": value})
        assert response.status_code == 200
    several = [("If-Match", '"x"'), ("If-Match", response.headers["etag"])]
    assert (await manager.put(ITEM, json=LAMP, headers=several)).status_code == 200
    assert (await manager.put(ITEM, json=LAMP)).status_code == 200
    tag = (await client.get(ITEM)).headers["etag"]
    deleted = await manager.delete(ITEM, headers={"If-Match": tag})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_error(await client.get(ITEM), 404)


async def test_412_changes_nothing(manager: AsyncClient, client: AsyncClient) -> None:
    before = await client.get(ITEM, headers=PLAIN)
    tag = before.headers["etag"]
    others = ['"nothing"', f"W/{tag}", tag[:-1] + '0"', tag.replace("1", "01", 1), f'{tag[:-1]}x"', '"1-²"', '"1--1"']
    others += [f'"1-{"9" * 5000}"', f'"1-{2**63}"', '"2-1"', '"11-1"', '"1-1_0"']
    for value in (*MALFORMED, *others):
        for method, body in (("PUT", {"name": "New", "price": "1"}), ("DELETE", None)):
            headers = [(b"If-Match", value.encode("latin-1"))]
            response = await manager.request(method, ITEM, json=body, headers=headers)
            assert_error(response, 412)
            assert "etag" not in response.headers
    for values in (("*", '"x"'), (tag, "x"), (tag, "*")):
        response = await manager.delete(ITEM, headers=[("If-Match", value) for value in values])
        assert_error(response, 412)
    after = await client.get(ITEM, headers=PLAIN)
    assert (after.json(), after.headers["etag"]) == (before.json(), tag)


async def test_412_comes_last(manager: AsyncClient, client: AsyncClient, client_as: Any) -> None:
    user, stale, bad = await client_as("user"), {"If-Match": '"stale"'}, {"name": "", "price": "1"}
    for method, body in (("PUT", LAMP), ("DELETE", None)):
        assert_error(await client.request(method, ITEM, json=body, headers=stale), 401)
        assert_error(await manager.request(method, "/api/v1/items/0", json=body, headers=stale), 422)
        assert_error(await manager.request(method, "/api/v1/items/999", json=body, headers=stale), 404)
        assert_error(await manager.request(method, "/api/v1/items/999", json=body, headers={"If-Match": "*"}), 404)
        assert_error(await user.request(method, ITEM, json=body, headers=stale), 403)
        star = {"If-None-Match": "*"}
        assert_error(await client.request(method, ITEM, json=body, headers=star), 401)
        assert_error(await user.request(method, ITEM, json=body, headers=star), 403)
        assert_error(await manager.request(method, "/api/v1/items/999", json=body, headers=star), 404)
    assert_error(await manager.put(ITEM, json=bad, headers=stale), 422)


async def test_a_change_that_the_item_is_not_meant_for(manager: AsyncClient, client: AsyncClient) -> None:
    before = await client.get(ITEM, headers=PLAIN)
    tag, gzip = before.headers["etag"], (await client.get(ITEM, headers=GZIP)).headers["etag"]
    for value in ("*", " * ", tag, gzip, f"W/{tag}", f'"x", {tag}'):
        for method, body in (("PUT", {"name": "New", "price": "1"}), ("DELETE", None)):
            for more in ({}, {"If-Match": tag}, {"If-Match": "*"}):
                response = await manager.request(method, ITEM, json=body, headers={"If-None-Match": value} | more)
                assert_error(response, 412)
                assert "etag" not in response.headers
    several = [("If-None-Match", '"x"'), ("If-None-Match", tag)]
    assert_error(await manager.put(ITEM, json=LAMP, headers=several), 412)
    after = await client.get(ITEM, headers=PLAIN)
    assert (after.json(), after.headers["etag"]) == (before.json(), tag)


async def test_a_change_of_anything_else(manager: AsyncClient, client: AsyncClient) -> None:
    old = (await client.get(ITEM, headers=PLAIN)).headers["etag"]
    for value in ('"x"', '"2-1"', '"1-11"', "", "*, *"):
        assert (await manager.put(ITEM, json=LAMP, headers={"If-None-Match": value})).status_code == 200
    assert_error(await manager.put(ITEM, json=LAMP, headers={"If-None-Match": '"x"', "If-Match": old}), 412)
    assert (await manager.delete(ITEM, headers={"If-None-Match": old})).status_code == 204


async def test_a_tag_is_never_used_again(manager: AsyncClient, client_as: Any) -> None:
    admin = await client_as("admin")
    tags = [(await manager.get(ITEM, headers=PLAIN)).headers["etag"]]
    for price in ("1.00", "19.99", "19.99", "1.00"):
        response = await manager.put(ITEM, json=LAMP | {"price": price}, headers=PLAIN)
        tags.append(response.headers["etag"])
    owner = response.json()["data"]["owner_id"]
    assert (await admin.delete(f"/api/v1/users/{owner}")).status_code == 204
    orphan = await admin.get(ITEM, headers=PLAIN)
    assert orphan.json()["data"]["owner_id"] is None
    tags.append(orphan.headers["etag"])
    assert len(set(tags)) == len(tags)
    for tag in tags[:-1]:
        assert_error(await admin.put(ITEM, json=LAMP, headers={"If-Match": tag}), 412)
        assert (await admin.get(ITEM, headers={"If-None-Match": tag})).status_code == 200
    assert (await admin.delete(ITEM, headers={"If-Match": tags[-1]})).status_code == 204
    again = await admin.post(ITEMS, json=LAMP, headers=PLAIN)
    assert again.headers["etag"] not in tags


async def test_of_many_writers_with_one_tag_one_gets_through(manager: AsyncClient) -> None:
    tag = (await manager.get(ITEM)).headers["etag"]
    writes = [
        manager.put(ITEM, json=LAMP | {"quantity": quantity}, headers={"If-Match": tag}) for quantity in range(20)
    ]
    answers = await asyncio.gather(*writes)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    [winner] = [answer for answer in answers if answer.status_code == 200]
    assert (await manager.get(ITEM)).json() == winner.json()


# Cache-Control


async def test_items_are_kept_and_asked_for(manager: AsyncClient, client: AsyncClient, cookie: AsyncClient) -> None:
    for path in (ITEM, ITEMS):
        assert directives(await client.get(path)) == {"no-cache"}
        for http in (manager, cookie):
            assert directives(await http.get(path)) == {"private", "no-cache"}


async def test_nothing_else_is_kept(manager: AsyncClient, client: AsyncClient, cookie: AsyncClient) -> None:
    for http in (manager, client, cookie):
        for path in ("/api/v1/users/me", "/api/v1/users", EXPORT, "/nowhere", "/api/v1/items/999", "/health/live"):
            assert "no-store" in directives(await http.get(path)), path
    assert "no-store" in directives(await manager.put(ITEM, json=LAMP))
    assert "no-store" in directives(await client.post(ITEMS, content=b"x" * 1_048_577))
    assert "no-store" in directives(await client.request("TRACE", ITEM))
    form = {"username": "admin@example.com", "password": "First-Admin-Password-1"}
    assert "no-store" in directives(await client.post("/api/v1/auth/token", data=form))


async def test_a_refused_token_counts_as_signed_in(manager: AsyncClient, client: AsyncClient) -> None:
    response = await client.get(ITEM, headers={"Authorization": "Bearer teapot"})
    assert directives(response) == {"private", "no-cache"}


async def test_every_answer_has_one_cache_control(manager: AsyncClient, client: AsyncClient) -> None:
    for path in (ITEM, "/api/v1/users/me", "/docs", "/openapi.json"):
        assert len((await manager.get(path)).headers.get_list("cache-control")) == 1


# WWW-Authenticate


async def test_challenges(client: AsyncClient, manager: AsyncClient, client_as: Any) -> None:
    bare = await client.get("/api/v1/users/me")
    assert bare.headers.get_list("www-authenticate") == ["Bearer"]
    for token in ("teapot", 'x"y', "x\\y", "\xe9"):
        headers = [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
        refused = await client.get("/api/v1/users/me", headers=headers)
        assert refused.status_code == 401
        assert refused.headers.get_list("www-authenticate") == ['Bearer error="invalid_token"']
    user = await client_as("user")
    for response in (await user.get(EXPORT), await client.get("/nowhere"), await manager.get(ITEM)):
        assert "www-authenticate" not in response.headers


# Export


async def export(http: AsyncClient, **options: Any) -> list[list[str]]:
    response = await http.get(EXPORT, **options)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    text = response.content.decode()
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


async def test_who_may_export(client: AsyncClient, client_as: Any) -> None:
    assert_error(await client.get(EXPORT), 401)
    assert_error(await (await client_as("user")).get(EXPORT), 403)
    for role in ("manager", "admin"):
        assert await export(await client_as(role)) == [FIELDS]


async def test_columns_are_the_fields_of_the_item(manager: AsyncClient) -> None:
    await manager.post(ITEMS, json={"name": 'Vase, "blue"\r\nand white', "price": 7, "description": " é😀 "})
    rows = await export(manager)
    assert rows[0] == FIELDS
    shown = (await manager.get(ITEMS)).json()["data"]["items"]
    expected = [["" if item[name] is None else str(item[name]) for name in FIELDS] for item in shown]
    assert rows[1:] == expected
    assert rows[2][3] == "7.00"


async def test_export_has_all_items_by_id(manager: AsyncClient) -> None:
    for number in range(130):
        await manager.post(ITEMS, json={"name": f"Item {number}", "price": "1"})
    await manager.delete("/api/v1/items/5")
    ids = [int(row[0]) for row in (await export(manager))[1:]]
    assert ids == [number for number in range(1, 132) if number != 5]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
async def test_a_formula_is_text(manager: AsyncClient, start: str) -> None:
    texts = {"name": f"{start}x", "description": f'{start}cmd|"a",b'}
    assert (await manager.post(ITEMS, json=texts | {"price": "1"})).status_code == 201
    row = (await export(manager))[-1]
    assert row[1:3] == [f"'{start}x", f'\'{start}cmd|"a",b']
    for harmless in ("a=1", " =1", "'=1", "\n=1"):
        await manager.post(ITEMS, json={"name": harmless, "price": "1"})
        assert (await export(manager))[-1][1] == harmless


@pytest.mark.own_process
async def test_the_name_of_the_file(manager: AsyncClient) -> None:
    header = (await manager.get(EXPORT)).headers["content-disposition"]
    match = re.fullmatch(r"attachment; filename=\"([^\"\\]+)\"; filename\*=UTF-8''([!-~]+)", header)
    assert match is not None
    assert match[1] == unquote(match[2]) == "items-2026-01-01.csv"


async def test_a_compressed_export(manager: AsyncClient) -> None:
    assert (await manager.get(EXPORT, headers=GZIP)).headers["content-encoding"] == "gzip"
    assert await export(manager, headers=GZIP) == await export(manager, headers=PLAIN)


def test_export_is_documented_as_csv_and_its_errors_as_envelopes(app: Any) -> None:
    responses = app.openapi()["paths"][EXPORT]["get"]["responses"]
    assert list(responses["200"]["content"]) == ["text/csv"]
    assert list(responses["403"]["content"]) == ["application/json"]
    for method, path in (("get", "/api/v1/items"), ("get", "/api/v1/items/{item_id}")):
        assert "content" not in app.openapi()["paths"][path][method]["responses"]["304"]
    for method in ("put", "delete"):
        names = [one["name"] for one in app.openapi()["paths"]["/api/v1/items/{item_id}"][method]["parameters"]]
        assert sorted(name.lower() for name in names) == ["if-match", "if-none-match", "item_id"]
