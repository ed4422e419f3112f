"""Pages: the templates, the one place that escapes HTML, and pages that say little."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_templates = Environment(
    loader=PackageLoader("terrareg_http"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
    "X-Content-Type-Options": "nosniff",
}


def render(template: str, **values: object) -> str:
    """The HTML of a template; every value is escaped."""
    return _templates.get_template(template).render(**values)


def page(html: str, status: int = 200) -> Response:
    """A page that loads nothing but our own style sheets."""
    return HTMLResponse(html, status, _HEADERS)


def page_not_found() -> Response:
    """The answer to a path that leads to no page."""
    return page(render("not_found.html"), 404)


def static_text(name: str) -> str:
    """The text of a file that is served as it is."""
    return files("terrareg_http").joinpath("static", name).read_text(encoding="utf-8")
