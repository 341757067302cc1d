"""What a load balancer and an orchestrator ask."""

import asyncio

from fastapi import APIRouter, Response

from course_app.api.deps import Probe, ProbesDep

router = APIRouter(prefix="/health", tags=["health"])

PROBE_TIMEOUT = 1.0
"""Seconds after which a dependency that does not answer counts as down."""


async def is_down(probe: Probe) -> bool:
    """Whether the probe raises an `Exception` or takes longer than `PROBE_TIMEOUT`."""
    try:
        await asyncio.wait_for(probe(), PROBE_TIMEOUT)
    except Exception:
        return True
    return False


@router.get("/live")
async def live() -> dict[str, str]:
    """The process runs and answers."""
    return {"status": "alive"}


@router.get("/ready", responses={503: {"model": dict[str, str | list[str]], "description": "A dependency is down"}})
async def ready(probes: ProbesDep, response: Response) -> dict[str, str | list[str]]:
    """Every dependency answers, or 503 with the names of those that do not."""
    states = await asyncio.gather(*(is_down(probe) for probe in probes.values()))
    down = sorted(name for name, failed in zip(probes, states, strict=True) if failed)
    if down:
        response.status_code = 503
    return {"status": "unavailable" if down else "ready", "down": down}
