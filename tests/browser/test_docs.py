"""/docs in Chromium: the page starts under its policy, and a script that got into it does not."""

from __future__ import annotations

import importlib
from pathlib import Path

from cors_server import serving
from fastapi import FastAPI
from jupyterlab_page import browser_page

from coursekit import loader

ROOT = Path(__file__).resolve().parent.parent.parent
NOTE = """
window.refused = [];
addEventListener("securitypolicyviolation", event => window.refused.push(event.effectiveDirective));
"""
SWAGGER = """
window.SwaggerUIBundle = options => { document.title = "starts with " + options.url; };
SwaggerUIBundle.presets = {apis: []};
SwaggerUIBundle.SwaggerUIStandalonePreset = [];
"""
INTRUDERS = """() => {
    const evil = [["textContent", "document.title = 'taken'"], ["src", "https://cdn.jsdelivr.net/npm/evil"]];
    for (const [name, value] of evil) {
        document.head.appendChild(Object.assign(document.createElement("script"), {[name]: value}));
    }
    fetch("https://evil.example/").catch(() => 0);
}"""


def test_the_page_starts_and_no_other_script_does(chromium: str) -> None:
    with loader.imported(ROOT):
        docs = importlib.import_module("course_app.api.docs")
        app = FastAPI(docs_url=None)
        app.include_router(docs.router)
        with serving(app) as origin, browser_page(chromium) as page:
            page.route("**/swagger-ui-bundle.js", lambda it: it.fulfill(content_type="text/javascript", body=SWAGGER))
            page.route("**/swagger-ui.css", lambda it: it.fulfill(content_type="text/css", body="p { color: red }"))
            page.add_init_script(NOTE)
            page.goto(f"{origin}/docs")
            assert page.title() == "starts with openapi.json"
            assert page.evaluate("() => window.refused") == []
            assert page.evaluate("() => document.styleSheets.length") == 1
            page.evaluate(INTRUDERS)
            page.wait_for_function("() => window.refused.length >= 3")
            assert sorted(page.evaluate("() => window.refused")) == [
                "connect-src",
                "script-src-elem",
                "script-src-elem",
            ]
            assert page.title() == "starts with openapi.json"
