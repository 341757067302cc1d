"""Headers, settings of production, hosts, and the way from http to https, seen from outside."""

import base64
import hashlib
import re
import traceback
from typing import Any

import pytest
from pydantic import ValidationError

from coursekit.check_client import client_for

pytestmark = pytest.mark.anyio

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "REDIS_URL": "redis://127.0.0.1:1",
    "ALLOWED_HOSTS": "course.test, [::1], 10.0.0.7",
    "ALLOWED_ORIGINS": "https://shop.example",
}


@pytest.fixture
def in_production(course_app: Any, new_settings: Any) -> Any:
    """An app with the settings of a server. It is not started: all is answered in front of the routes."""
    return course_app.create_app(new_settings(**PRODUCTION))


def names_of(error: ValidationError) -> list[str]:
    return [str(fault["loc"][0]) for fault in error.errors()]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("HEAD", "/api/v1/items", 200),
        ("GET", "/nope", 404),
        ("DELETE", "/health/live", 405),
        ("GET", "/api/v1/users", 401),
        ("POST", "/api/v1/users", 422),
        ("OPTIONS", "/api/v1/items", 405),
        ("GET", "/openapi.json", 200),
        ("GET", "/metrics", 200),
    ],
)
async def test_headers_on_every_answer(client: Any, method: str, path: str, status: int) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    for name, value in HEADERS.items():
        assert response.headers.get_list(name) == [value]
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "X-XSS-Protection" not in response.headers


async def test_headers_on_500(app: Any, client: Any) -> None:
    async def broken(_: Any) -> None:
        raise RuntimeError("hunter2")

    app.add_route("/broken", broken)
    response = await client.get("/broken")
    assert response.status_code == 500
    assert HEADERS.items() <= {name: response.headers[name] for name in HEADERS}.items()
    assert "hunter2" not in response.text


async def test_no_hsts_over_http(client: Any) -> None:
    response = await client.get("http://course.test/health/live", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in response.headers


async def test_docs_have_a_policy_under_which_they_work(client: Any) -> None:
    page = await client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    directives = {words[0]: words[1:] for words in (part.split() for part in policy.split("; "))}
    assert page.status_code == 200
    assert directives["default-src"] == directives["frame-ancestors"] == ["'none'"]
    assert "'unsafe-inline'" not in directives["script-src"]
    for url in re.findall(r'<script src="([^"]+)"', page.text):
        assert url in directives["script-src"]
    for url in re.findall(r'rel="stylesheet" href="([^"]+)"', page.text):
        assert url in directives["style-src"]
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert inline
    for script in inline:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in directives["script-src"]
    assert directives["connect-src"] == ["'self'"]
    assert (await client.get("/openapi.json")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"SECRET_KEY": None}, ["SECRET_KEY"]),
        ({"SECRET_KEY": ""}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "k" * 31}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "changeme" * 5}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "-----BEGIN PUBLIC KEY-----" + "A" * 40}, ["SECRET_KEY"]),
        ({"SECRET_KEY": '{"kty": "oct", "k": "' + "A" * 40 + '"}'}, ["SECRET_KEY"]),
        ({"DATABASE_URL": None}, ["DATABASE_URL"]),
        ({"REDIS_URL": ""}, ["REDIS_URL"]),
        ({"ALLOWED_ORIGINS": "https://shop.example, *"}, ["ALLOWED_ORIGINS"]),
        ({"ALLOWED_HOSTS": "*"}, ["ALLOWED_HOSTS"]),
        ({"ALLOWED_HOSTS": ""}, ["ALLOWED_HOSTS"]),
        (
            {
                "SECRET_KEY": "short",
                "DATABASE_URL": None,
                "REDIS_URL": None,
                "ALLOWED_ORIGINS": "*",
                "ALLOWED_HOSTS": "",
            },
            ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "ALLOWED_HOSTS"],
        ),
        ({"SECRET_KEY": "short", "ACCESS_TOKEN_EXPIRE_MINUTES": 0}, ["SECRET_KEY", "ACCESS_TOKEN_EXPIRE_MINUTES"]),
    ],
)
def test_production_refuses(new_settings: Any, changes: dict[str, Any], faulty: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        new_settings(**PRODUCTION | changes)
    assert names_of(caught.value) == faulty
    for value in changes.values():
        assert not value or len(str(value)) < 5 or str(value) not in str(caught.value)


def test_production_does_not_start(course_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from course_app.core.startup import ConfigurationError

    faulty = {"ENVIRONMENT": "production", "SECRET_KEY": "hunter2", "ALLOWED_ORIGINS": '["*"]', "ALLOWED_HOSTS": "*"}
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in faulty.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        course_app.create_app()
    told = str(caught.value)
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "ALLOWED_HOSTS"):
        assert told.count(name) == 1
    assert "hunter2" not in told


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://app:hunter2@db:hunter3/app"),
        ("DATABASE_URL", "postgresql+asyncpg://app:hunter2@hunter3@db/app"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "hunter2://app:hunter3@db/app"),
        *(
            (name, url)
            for name in ("REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")
            for url in (
                "redis://:hunter2/hunter3@127.0.0.1:6379/0",
                "redis://:hunter2#hunter3@127.0.0.1:6379/0",
                "redis://:hunter2?hunter3@127.0.0.1:6379/0",
                "redis://:123/hunter3@127.0.0.1:6379/0",
                "redis://:hunter2@127.0.0.1:hunter3/0",
                "redis://:hunter2@127.0.0.1:65536/0",
                "redis://:hunter2@[hunter3/0",
                "hunter2",
            )
        ),
        ("REDIS_URL", "amqp://app:hunter2@broker/"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1/0?db=hunter3"),
    ],
)
def test_a_url_that_cannot_be_read(
    course_app: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any, environment: str, name: str, url: str
) -> None:
    from course_app.core.startup import ConfigurationError

    monkeypatch.setenv("ENVIRONMENT", environment)
    monkeypatch.setenv(name, url)
    with pytest.raises(ConfigurationError) as caught:
        course_app.create_app()
    assert str(caught.value).count(name) == 1
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "hunter" not in told


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://app:a%2Fb%40@db:5432/app"),
        ("DATABASE_URL", "sqlite+aiosqlite:///some/file.sqlite3"),
        ("REDIS_URL", "rediss://app:a%2Fb%23c@cache:6379/0"),
        ("REDIS_URL", "redis://[::1]:6379/0"),
        ("CELERY_BROKER_URL", "amqp://app:a%2Fb@broker:5672//"),
        ("CELERY_BROKER_URL", "sentinel://:secret@one:26379;sentinel://:secret@two:26379"),
        ("CELERY_BROKER_URL", "memory://"),
        ("CELERY_RESULT_BACKEND", "rpc://"),
    ],
)
def test_a_url_that_can_be_read(new_settings: Any, name: str, url: str) -> None:
    assert getattr(new_settings(**{name: url}), name) == url


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_url_is_none(new_settings: Any, name: str, blank: str) -> None:
    assert getattr(new_settings(**{name: blank}), name) is None


@pytest.mark.parametrize("hosts", ["course.test,api.test", '["course.test", "API.test."]', "course.test, , api.test."])
def test_lists_are_commas_or_json(new_settings: Any, hosts: str) -> None:
    settings = new_settings(**PRODUCTION | {"ALLOWED_HOSTS": hosts, "METRICS_ALLOWED": '["10.0.0.0/8"]'})
    assert settings.ALLOWED_HOSTS == ("course.test", "api.test")
    assert [str(network) for network in settings.METRICS_ALLOWED] == ["10.0.0.0/8"]


def test_production_starts(new_settings: Any) -> None:
    settings = new_settings(**PRODUCTION | {"SECRET_KEY": "k" * 32})
    assert settings.ALLOWED_HOSTS == ("course.test", "[::1]", "10.0.0.7")


def test_elsewhere_nothing_is_refused(new_settings: Any) -> None:
    for environment in ("test", "development"):
        one, two = (
            new_settings(ENVIRONMENT=environment, SECRET_KEY=None, DATABASE_URL=None, ALLOWED_ORIGINS="*")
            for _ in range(2)
        )
        assert one.SECRET_KEY != two.SECRET_KEY
        assert len(one.SECRET_KEY.get_secret_value()) >= 32
        assert "SecretStr('**********')" in repr(one)
    with pytest.raises(ValidationError) as caught:
        new_settings(SECRET_KEY="")
    assert names_of(caught.value) == ["SECRET_KEY"]


@pytest.mark.parametrize("entry", ["https://course.test", "course.test:443", "course.test/", "*.course.test", "a b"])
def test_hosts_are_names(new_settings: Any, entry: str) -> None:
    with pytest.raises(ValidationError) as caught:
        new_settings(ALLOWED_HOSTS=f"ok.test, {entry}")
    assert entry not in str(caught.value)
    assert "entry 2" in str(caught.value)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:443", "course.test.evil.example", "evil@course.test", ""]
)
@pytest.mark.parametrize("path", ["/health/live", "/api/v1/items", "/nope", "/metrics"])
async def test_other_hosts(in_production: Any, host: str, path: str) -> None:
    async with client_for(in_production) as client:
        for scheme in ("http", "https"):
            response = await client.post(f"{scheme}://course.test{path}", headers={"Host": host}, content=b" " * 2**21)
            assert response.status_code == 400
            assert response.json()["success"] is False
            assert response.json()["errors"]
            assert "X-Request-ID" in response.headers
            assert HEADERS.items() <= {name: response.headers[name] for name in HEADERS}.items()
        response = await client.head(f"https://course.test{path}", headers={"Host": host})
        assert (response.status_code, response.content) == (400, b"")


async def test_pages_may_read_that_a_host_is_not_ours(in_production: Any) -> None:
    async with client_for(in_production) as client:
        for origin, allowed in (("https://shop.example", "https://shop.example"), ("https://evil.example", None)):
            headers = {"Host": "evil.example", "Origin": origin}
            response = await client.get("https://course.test/api/v1/items", headers=headers)
            assert response.status_code == 400
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            assert "Origin" in response.headers["Vary"]
            response = await client.options(
                "https://course.test/api/v1/items", headers=headers | {"Access-Control-Request-Method": "GET"}
            )
            assert response.status_code == 400
            assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("host", ["course.test", "COURSE.test:8443", "course.test.", "[::1]:8000", "10.0.0.7:80"])
async def test_our_hosts(in_production: Any, host: str) -> None:
    async with client_for(in_production) as client:
        assert (await client.get("/health/live", headers={"Host": host})).status_code == 200


async def test_any_host_where_none_is_set(client: Any) -> None:
    assert (await client.get("/health/live", headers={"Host": "evil.example"})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_redirect_to_https(in_production: Any, method: str) -> None:
    async with client_for(in_production) as client:
        url = "http://course.test:8080/api/v1/items?q=tea%20pot&sort=-price"
        response = await client.request(method, url, headers={"Origin": "https://shop.example"})
        assert response.status_code == 308
        assert response.headers["Location"] == "https://course.test/api/v1/items?q=tea%20pot&sort=-price"
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Strict-Transport-Security" not in response.headers
        assert "X-Request-ID" in response.headers


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://course.test/api/v1/items", "/api/v1/items"),
        (b"http://evil.example/x", "/x"),
        (b"@evil.example/x", "/@evil.example/x"),
        (b".evil.example/x", "/.evil.example/x"),
        (b"*", "/*"),
    ],
)
async def test_the_redirect_stays_on_the_host(in_production: Any, target: bytes, path: str) -> None:
    async def under_a_server(scope: Any, receive: Any, send: Any) -> None:
        await in_production(scope | {"path": target.decode(), "raw_path": target}, receive, send)

    async with client_for(under_a_server) as client:
        response = await client.get("http://course.test/?a=1")
        assert (response.status_code, response.headers["Location"]) == (308, f"https://course.test{path}?a=1")


async def test_health_is_asked_over_http(in_production: Any) -> None:
    async with client_for(in_production) as client:
        assert (await client.get("http://course.test/health/live")).status_code == 200


async def test_a_trusted_proxy_tells_the_scheme(course_app: Any, new_settings: Any) -> None:
    for proxies, status in (("127.0.0.1", 404), ("10.0.0.0/8", 308)):
        app = course_app.create_app(new_settings(**PRODUCTION, TRUSTED_PROXIES=proxies))
        async with client_for(app) as client:
            response = await client.get("http://course.test/nope", headers={"X-Forwarded-Proto": "https"})
            assert response.status_code == status
            assert ("Strict-Transport-Security" in response.headers) == (status == 404)


async def test_no_redirect_elsewhere(client: Any) -> None:
    assert (await client.get("http://course.test/health/live")).status_code == 200
    assert (await client.get("http://course.test/api/v1/items")).status_code == 200
