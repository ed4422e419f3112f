"""Handlers of signing in through OpenID Connect, SAML and GitHub (chapter 04, 8 to 10)."""

from collections.abc import Mapping

from starlette.responses import Response

from terrareg_core.access.people import SignInMethod
from terrareg_http.arguments import read_form
from terrareg_http.calls import Call
from terrareg_http.responses import json_response, redirect
from terrareg_http.schemas.access import GithubStatus, ReturnPath, SamlStep, SignInAnswer
from terrareg_http.schemas.common import NoArguments
from terrareg_http.sessions import attempt_of, forget_attempt, keep_attempt, keep_session


async def start_openid(call: Call, arguments: ReturnPath) -> Response:
    """Send the browser to the OpenID Connect provider."""
    return await _started(call, SignInMethod.OPENID, None, arguments.redirect)


async def finish_openid(call: Call, arguments: SignInAnswer) -> Response:
    """Take the browser back from the OpenID Connect provider."""
    return await _finished(call, SignInMethod.OPENID, None, arguments.fields, arguments.state)


async def start_saml(call: Call, arguments: SamlStep) -> Response:
    """Send the browser to the SAML identity provider, with `sso`; without it, nothing happens."""
    if arguments.sso is None:
        return redirect("/")
    return await _started(call, SignInMethod.SAML, None, arguments.redirect)


async def finish_saml(call: Call, arguments: SamlStep) -> Response:
    """Take the browser back from the SAML identity provider, with `acs`.

    The body is the form that the identity provider makes the browser post (SAML 2.0 bindings, 3.5).
    """
    if arguments.sso is not None or arguments.acs is None:
        return await start_saml(call, arguments)
    form = await read_form(call.request)
    fields = {name: str(values[0]) for name, values in form.items() if values}
    return await _finished(call, SignInMethod.SAML, None, fields, fields.get("RelayState"))


async def show_saml_metadata(call: Call, _: NoArguments) -> Response:
    """Describe this registry to SAML identity providers."""
    return Response(await call.run(call.registry.sign_in.metadata), media_type="text/xml")


async def start_github(call: Call, arguments: ReturnPath) -> Response:
    """Send the browser to the GitHub of a provider source."""
    return await _started(call, SignInMethod.GITHUB, call.parameters["provider_source"], arguments.redirect)


async def finish_github(call: Call, arguments: SignInAnswer) -> Response:
    """Take the browser back from the GitHub of a provider source."""
    source = call.parameters["provider_source"]
    return await _finished(call, SignInMethod.GITHUB, source, arguments.fields, arguments.state)


async def show_github_status(call: Call, _: NoArguments) -> Response:
    """Tell who the caller is at the GitHub of a provider source."""
    user = call.registry.sign_in.github_user(call.caller, call.parameters["provider_source"])
    return json_response(GithubStatus(user is not None, user), headers={"Cache-Control": "no-store"})


async def _started(call: Call, method: SignInMethod, source: str | None, return_path: str | None) -> Response:
    started = await call.run_sign_in(call.registry.sign_in.start, method, source, return_path)
    response = redirect(started.url)
    keep_attempt(response, started, call.request, call.settings)
    return response


async def _finished(
    call: Call, method: SignInMethod, source: str | None, answer: Mapping[str, str], state: str | None
) -> Response:
    signed_in = await call.run_sign_in(
        call.registry.sign_in.finish,
        method,
        source,
        answer,
        state=state or "",
        browser=attempt_of(call.request),
        caller=call.caller,
    )
    response = redirect(signed_in.return_path)
    if signed_in.session is not None:
        keep_session(response, signed_in.session, call.request, call.settings)
    forget_attempt(response, call.request, call.settings)
    return response
