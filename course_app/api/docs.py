"""The page that shows the OpenAPI document, and the one policy under which it works."""

import base64
import hashlib
import re

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html

CDN = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5"
SCRIPT, STYLE = f"{CDN}/swagger-ui-bundle.js", f"{CDN}/swagger-ui.css"

PAGE = get_swagger_ui_html(
    openapi_url="openapi.json",
    title="Course app",
    swagger_js_url=SCRIPT,
    swagger_css_url=STYLE,
    swagger_favicon_url="data:,",
).body


def script_hashes(page: bytes) -> list[str]:
    """Return what a policy calls the scripts that stand in the page itself (CSP level 3, section 2.3.1)."""
    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts]


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src {SCRIPT} {' '.join(script_hashes(bytes(PAGE)))}",
        f"style-src {STYLE} 'unsafe-inline'",  # the page sets the style of single elements
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> Response:
    """Swagger UI."""
    return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": POLICY})
