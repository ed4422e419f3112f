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

_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def render(template: str, **values: object) -> str:
    """The HTML of a template; every value is escaped."""
    return _templates.get_template(template).render(**values)


def page(html: str, status: int = 200) -> Response:
    """A page that loads nothing but our own style sheets, and is shown in no other site's frame."""
    return HTMLResponse(html, status, _HEADERS)


def personal_page(html: str, status: int = 200, *, leads_to_terraform: bool = False) -> Response:
    """A page that depends on who asks for it.

    Where its form `leads_to_terraform`, the browser may go on to the one that waits on its own computer.
    """
    response = page(html, status)
    if leads_to_terraform:
        # Browsers hold a form's target to be wherever the answer to it redirects to.
        response.headers["Content-Security-Policy"] = f"{_POLICY} http://localhost:* http://127.0.0.1:*"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Cookie"
    return response


def message_page(title: str, message: str, status: int = 200, *, leads_to_login: bool = False) -> Response:
    """A page that says one sentence, which `message` is without its full stop, and perhaps where to sign in."""
    html = render("message.html", title=title, message=f"{message}.", leads_to_login=leads_to_login)
    return personal_page(html, status)


def page_not_found() -> Response:
    """The answer to a path that leads to no page."""
    return message_page("Not found", "There is no page at this address", 404)


def static_text(name: str) -> str:
    """The text of a file that is served as it is."""
    return files("terrareg_http").joinpath("static", name).read_text(encoding="utf-8")
