"""Handlers of `terraform login` (chapter 04, 13)."""

from starlette.responses import Response

from terrareg_core.access.terraform_login import Step
from terrareg_http.calls import Call
from terrareg_http.login_pages import login_address
from terrareg_http.pages import personal_page, render
from terrareg_http.responses import json_response, redirect
from terrareg_http.schemas.access import AuthorisationArguments, IssuedTokenAnswer, TokenForm
from terrareg_http.schemas.common import NoArguments
from terrareg_http.sessions import origin_of


async def authorise_terraform(call: Call, arguments: AuthorisationArguments) -> Response:
    """Send the browser of a signed-in person back to their terraform, with a code.

    Whoever is not signed in does that first, and whom another site sent here is asked.
    """
    asked_elsewhere = origin_of(call.request, call.settings).is_known_to_be_cross_site
    return await _authorised(call, arguments, confirmed=not asked_elsewhere)


async def confirm_terraform(call: Call, arguments: AuthorisationArguments) -> Response:
    """The same, for somebody who was asked and said yes."""
    return await _authorised(call, arguments, confirmed=True)


async def exchange_code(call: Call, arguments: TokenForm) -> Response:
    """Give terraform a token for a code (RFC 6749, 4.1.3)."""
    exchange = arguments.exchange(has_header="authorization" in call.request.headers)
    issued = await call.run(call.registry.terraform_login.exchange, exchange)
    answer = IssuedTokenAnswer(issued.access_token, issued.seconds, issued.id_token)
    return json_response(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def show_key_set(call: Call, _: NoArguments) -> Response:
    """Give the key that proves ID tokens (RFC 7517)."""
    keys = call.registry.terraform_login.key_set()
    return json_response(keys, headers={"Cache-Control": "public, max-age=3600"})


async def _authorised(call: Call, arguments: AuthorisationArguments, *, confirmed: bool) -> Response:
    login = call.registry.terraform_login
    outcome = await call.run(login.authorise, call.caller, arguments.request, confirmed=confirmed)
    match outcome:
        case Step.SIGN_IN:
            return redirect(login_address(call))
        case Step.CONFIRM:
            return _confirmation(call)
        case str() as address:
            return redirect(address, 303)


def _confirmation(call: Call) -> Response:
    query = call.request.scope["query_string"].decode("latin-1")
    html = render(
        "confirm.html",
        user=call.identity.name,
        csrf_token=call.registry.sessions.csrf_token(call.caller),
        action=f"{call.request.scope['path']}?{query}",
    )
    page = personal_page(html, leads_to_terraform=True)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
