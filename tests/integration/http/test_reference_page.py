"""The API reference page."""

import html
import re
from html.parser import HTMLParser

from terrareg_core.access.permissions import AccessPolicy
from terrareg_http.openapi import openapi_document
from terrareg_http.reference_page import reference_html
from tests.integration.http.conftest import Open
from tests.integration.http.serving import Served

VOID = {"meta", "link", "br"}


class Balance(HTMLParser):
    """Raises when elements are not nested."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_shows_every_operation_with_its_permission(shared: Served) -> None:
    answer = shared.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for path, item in openapi_document()["paths"].items():
        for operation in item.values():
            article = answer.text.partition(f'<article id="{operation["operationId"]}">')[2].partition("</article>")[0]
            assert f"<code>{path}</code>" in article
            permission = operation["x-permission"]
            assert f"<strong>{permission['capability']}</strong> ({permission['rule']})" in html.unescape(article)
            for parameter in operation.get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in article


def test_the_page_is_well_formed_and_runs_no_script(shared: Served) -> None:
    balance = Balance()
    balance.feed(shared.get("/docs").text)
    assert balance.open == []
    assert not balance.tags & {"script", "style", "iframe", "img", "form"}


def test_every_link_of_the_page_leads_somewhere(shared: Served) -> None:
    text = shared.get("/docs").text
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r' id="([^"]+)"', text))
    assert 'href="#schema-ModuleList"' in text


def test_the_page_loads_its_style_from_here_and_nothing_else(shared: Served) -> None:
    answer = shared.get("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert re.findall(r'(?:src|href)="([^#"][^"]*)"', answer.text) == ["/docs/reference.css", "/openapi.json"]
    style = shared.get("/docs/reference.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_the_page_escapes_what_it_shows() -> None:
    document = openapi_document()
    document["info"]["title"] = "<script>alert(1)</script>"
    document["paths"]["/docs"]["get"]["summary"] = '"><b>'
    html = reference_html(document)
    assert "<script>" not in html
    assert "<b>" not in html


def test_the_reference_is_public(open_empty: Open) -> None:
    served = open_empty(access=AccessPolicy(anonymous_access=False))
    assert [served.get(path).status_code for path in ("/docs", "/openapi.json", "/docs/reference.css")] == [200] * 3
