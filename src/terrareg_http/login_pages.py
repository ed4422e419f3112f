"""Pages of signing in and out, and the guard of pages that are not there yet (chapter 04, 5.3 and 16)."""

from collections.abc import Sequence
from urllib.parse import quote

import attrs
from starlette.responses import Response

from terrareg_core.access.authentication import Caller, Credentials
from terrareg_core.access.people import SignInMethod
from terrareg_core.access.permissions import Capability
from terrareg_core.access.sign_in import local_path
from terrareg_core.errors import AccessDenied, TooManyFailures
from terrareg_http.calls import Call
from terrareg_http.pages import message_page, page_not_found, personal_page, render, static_text
from terrareg_http.responses import redirect
from terrareg_http.schemas.access import LoginForm, ReturnPath
from terrareg_http.schemas.common import Confirmation, NoArguments
from terrareg_http.sessions import client_of, forget_session, keep_session, origin_of

_SITE_ADMIN_PAGES = {"/user-groups", "/audit-history"}


@attrs.frozen
class _Way:
    """A link by which people sign in somewhere else."""

    href: str
    text: str


async def show_login(call: Call, arguments: ReturnPath) -> Response:
    """Show the ways to sign in."""
    return _login_page(call, local_path(arguments.redirect))


async def log_in(call: Call, arguments: LoginForm) -> Response:
    """Sign in with the admin token that was typed into the form."""
    return_path = local_path(arguments.redirect)
    credentials = Credentials(api_key=arguments.token.encode("utf-8", "replace"))
    client = client_of(call.request.scope, call.settings.trusted_proxies)
    try:
        admitted = await call.run(call.registry.admission.admit, credentials, client, Capability.BUILT_IN_ADMIN)
        caller = Caller(admitted.identity, call.caller.session)
        session = await call.run(call.registry.sessions.sign_in_as_admin, caller)
    except TooManyFailures as error:
        answer = _login_page(call, return_path, error.message, 429)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except AccessDenied:
        return _login_page(call, return_path, "This is not the admin token; look for it where the server runs.", 403)
    response = redirect(return_path, 303)
    keep_session(response, session, call.request, call.settings)
    return response


async def log_out(call: Call, _: NoArguments) -> Response:
    """Sign out by following a link; when another site's page asks for it, nothing happens."""
    if not origin_of(call.request, call.settings).may_sign_out:
        return redirect("/")
    return await _signed_out(call, 302)


async def log_out_by_form(call: Call, _: Confirmation) -> Response:
    """Sign out."""
    return await _signed_out(call, 303)


async def show_missing_page(call: Call, _: NoArguments) -> Response:
    """Say that there is no such page, to those who may know."""
    status = await call.run(call.registry.sessions.status, call.caller)
    if not status.read_access:
        return redirect(login_address(call))
    if call.request.scope["path"] in _SITE_ADMIN_PAGES and not status.site_admin:
        return message_page("Not permitted", "Only site administrators see this page", 403)
    return page_not_found()


async def show_page_style(_call: Call, _: NoArguments) -> Response:
    """Give the style sheet of pages."""
    return Response(static_text("pages.css"), media_type="text/css")


def login_address(call: Call) -> str:
    """Where somebody signs in who then comes back to this very request."""
    scope = call.request.scope
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"/login?redirect={quote(f'{path}?{query}' if query else path, safe='')}"


def _login_page(call: Call, return_path: str, problem: str | None = None, status: int = 200) -> Response:
    sessions, sign_in = call.registry.sessions, call.registry.sign_in
    html = render(
        "login.html",
        user=call.identity.name if call.identity.is_session else None,
        csrf_token=sessions.csrf_token(call.caller),
        problem=problem,
        ways=_ways(call, return_path),
        with_password=sign_in.offers(SignInMethod.PASSWORD),
        redirect=return_path,
    )
    return personal_page(html, status, leads_to_terraform=True)


def _ways(call: Call, return_path: str) -> Sequence[_Way]:
    settings, sign_in = call.settings, call.registry.sign_in
    back = f"redirect={quote(return_path, safe='')}" if return_path != "/" else ""
    ways = []
    if sign_in.offers(SignInMethod.OPENID):
        ways.append(_Way(f"/openid/login?{back}".rstrip("?"), settings.openid_connect_login_text))
    if sign_in.offers(SignInMethod.SAML):
        ways.append(_Way(f"/saml/login?sso&{back}".rstrip("&"), settings.saml2_login_text))
    for source in settings.provider_sources.definitions:
        if sign_in.offers(SignInMethod.GITHUB, source.api_name):
            ways.append(_Way(f"/{source.api_name}/login?{back}".rstrip("?"), source.login_button_text))
    return ways


async def _signed_out(call: Call, status: int) -> Response:
    await call.run(call.registry.sessions.sign_out, call.caller)
    response = redirect("/", status)
    forget_session(response, call.request, call.settings)
    return response
