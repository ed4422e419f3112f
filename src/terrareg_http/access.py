"""Handlers of who may do what: the admin's session, user groups and access tokens (chapter 04, 7 and 11)."""

from starlette.responses import Response

from terrareg_core.access.tokens import TokenRequest
from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.access import (
    AccessTokenAnswer,
    AccessTokenCreation,
    AccessTokenList,
    AuthenticatedAnswer,
    AuthenticationStatus,
    CreatedAccessToken,
    CreatedUserGroup,
    OptionalConfirmation,
    PermissionAnswer,
    PermissionCreation,
    UserGroupCreation,
    UserGroupItem,
)
from terrareg_http.schemas.common import Confirmation, EmptyObject, NoArguments
from terrareg_http.sessions import CSRF_HEADER, keep_session

_NOT_STORED = {"Cache-Control": "no-store"}


async def log_in_as_admin(call: Call, _: OptionalConfirmation) -> Response:
    """Begin a session of the built-in admin, who sends the admin token as API key."""
    session = await call.run(call.registry.sessions.sign_in_as_admin, call.caller)
    headers = {**_NOT_STORED, CSRF_HEADER: session.csrf_token}
    response = json_response(AuthenticatedAnswer(), headers=headers)
    keep_session(response, session, call.request, call.settings)
    return response


async def show_authentication(call: Call, _: NoArguments) -> Response:
    """Tell what the caller may do."""
    status = await call.run(call.registry.sessions.status, call.caller)
    token = {CSRF_HEADER: status.csrf_token} if status.csrf_token is not None else {}
    return json_response(AuthenticationStatus.of(status), headers={**_NOT_STORED, "Vary": "Cookie", **token})


# --- user groups -------------------------------------------------------------------------------------------------


async def list_user_groups(call: Call, _: NoArguments) -> Response:
    """List the user groups with their permissions."""
    groups = await call.run(call.registry.user_groups.listed, call.identity)
    return json_response([UserGroupItem.of(group) for group in groups])


async def create_user_group(call: Call, arguments: UserGroupCreation) -> Response:
    """Create a user group, whose members are those whom an identity provider puts into a group of this very name."""
    group = await call.run(call.registry.user_groups.create, call.identity, arguments.name, arguments.site_admin)
    return json_response(CreatedUserGroup(group.name, group.site_admin), 201)


async def delete_user_group(call: Call, _: OptionalConfirmation) -> Response:
    """Delete a user group with its permissions."""
    await call.run(call.registry.user_groups.delete, call.identity, call.parameters["user_group"])
    return json_response(EmptyObject())


async def grant_permission(call: Call, arguments: PermissionCreation) -> Response:
    """Give a user group a permission on a namespace."""
    granted = await call.run(
        call.registry.user_groups.grant,
        call.identity,
        call.parameters["user_group"],
        call.parameters["namespace"],
        arguments.permission_type,
    )
    return json_response(PermissionAnswer.of(granted), 201)


async def revoke_permission(call: Call, _: OptionalConfirmation) -> Response:
    """Take a user group's permission on a namespace away."""
    await call.run(
        call.registry.user_groups.revoke, call.identity, call.parameters["user_group"], call.parameters["namespace"]
    )
    return json_response(EmptyObject())


# --- access tokens -----------------------------------------------------------------------------------------------


async def create_access_token(call: Call, arguments: AccessTokenCreation) -> Response:
    """Make an access token; its secret is in this answer and nowhere else."""
    request = TokenRequest(
        name=arguments.name,
        scopes=arguments.scopes,
        namespaces=arguments.namespaces,
        expires_at=arguments.expires_at,
    )
    made = await call.run(call.registry.access_tokens.create, call.identity, request)
    return json_response(CreatedAccessToken.made(made), 201, _NOT_STORED)


async def list_access_tokens(call: Call, _: NoArguments) -> Response:
    """List one's own access tokens, or everybody's for a site admin; newest first."""
    tokens = await call.run(call.registry.access_tokens.listed, call.identity)
    return json_response(AccessTokenList([AccessTokenAnswer.of(token) for token in tokens]), headers=_NOT_STORED)


async def delete_access_token(call: Call, _: Confirmation) -> Response:
    """Delete an access token, which is worth nothing from then on."""
    await call.run(call.registry.access_tokens.delete, call.identity, call.parameters["token_id"])
    return json_response(EmptyObject())
