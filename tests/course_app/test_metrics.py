"""/metrics, seen from outside."""

from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from coursekit.check_client import client_for

pytestmark = pytest.mark.anyio


def coming_from(app: Any, address: str) -> httpx.AsyncClient:
    """A client with this address."""
    transport = httpx.ASGITransport(app, client=(address, 50000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://course.test", trust_env=False)


async def numbers(client: Any) -> dict[tuple[str, ...], float]:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(response.text)
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


@pytest.mark.own_process
async def test_counts_by_route(client: Any) -> None:
    for path in ("/api/v1/items/1", "/api/v1/items/2", "/nope/1", "/nope/2"):
        assert (await client.get(path)).status_code == 404
    found = await numbers(client)
    assert found[("http_requests_total", "/api/v1/items/{item_id}", "404", "GET")] == 2
    assert found[("http_requests_total", "404", "GET", "none")] == 2
    assert found[("http_request_duration_seconds_count", "/api/v1/items/{item_id}", "GET")] == 2


@pytest.mark.own_process
async def test_no_series_of_a_clients_choice(client: Any) -> None:
    before = len(await numbers(client))
    for number in range(20):
        await client.request(f"METHOD{number}", f"/{number}")
    after = await numbers(client)
    assert not any("METHOD" in part for key in after for part in key)
    assert len(after) - before < 50


@pytest.mark.own_process
async def test_counts_audit_events(client: Any) -> None:
    await client.post("/api/v1/auth/token", data={"username": "a@example.com", "password": "x"})
    assert (await numbers(client))[("audit_events_total", "login_failed")] == 1


async def test_one_registry_an_app(course_app: Any, new_settings: Any, client: Any) -> None:
    await client.get("/nope")
    other = course_app.create_app(new_settings())
    async with client_for(other) as http:
        assert not any(key[0] == "http_requests_total" for key in await numbers(http))


@pytest.mark.own_process
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_others_find_nothing(app: Any, method: str) -> None:
    async with coming_from(app, "203.0.113.9") as stranger:
        metrics, unknown = [await stranger.request(method, path) for path in ("/metrics", "/nope")]
        assert metrics.status_code == unknown.status_code == 404
        assert metrics.content == unknown.content
        assert metrics.headers.keys() == unknown.headers.keys()


@pytest.mark.parametrize(("allowed", "status"), [("203.0.113.0/24", 200), ("10.0.0.0/8, ::1", 404), ("", 404)])
async def test_allowed_networks(course_app: Any, new_settings: Any, allowed: str, status: int) -> None:
    app = course_app.create_app(new_settings(METRICS_ALLOWED=allowed))
    async with coming_from(app, "203.0.113.9") as http:
        assert (await http.get("/metrics")).status_code == status


async def test_the_address_is_the_clients(course_app: Any, new_settings: Any) -> None:
    app = course_app.create_app(new_settings(TRUSTED_PROXIES="127.0.0.1"))
    async with client_for(app) as http:
        assert (await http.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 404


async def test_is_no_part_of_the_document(client: Any) -> None:
    assert "/metrics" not in (await client.get("/openapi.json")).json()["paths"]
    refused = await client.post("/metrics")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
