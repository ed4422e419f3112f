"""Handlers of imports from git and of the web-hooks that ask for them (chapter 02, 10.2 and 11)."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from terrareg_core.modules.hook_events import GitHost
from terrareg_core.modules.webhooks import AdmittedHook, HookResult
from terrareg_http.arguments import FORM, media_type_of, parse_document, read_body, require_json
from terrareg_http.calls import Call
from terrareg_http.errors import MalformedBody
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.imports import HookAnswer, ImportArguments, PushAnswer, TagList
from terrareg_http.schemas.modules import UploadAnswer

_STATUS = {
    HookResult.IMPORTED: 200,
    HookResult.DELETED: 200,
    HookResult.IGNORED: 200,
    HookResult.REFUSED: 400,
    HookResult.FAILED: 500,
}


async def import_version(call: Call, arguments: ImportArguments) -> Response:
    """Import a module version from a tag of the module provider's git repository.

    Give either the version or the git tag; the module provider's tag format leads from one to the other.
    """
    made = await call.run_slowly(
        call.registry.importing.import_version,
        call.identity,
        call.module_provider,
        version=arguments.version,
        git_tag=arguments.git_tag,
    )
    return json_response(UploadAnswer(warnings=made.warnings or None))


async def import_named_version(call: Call, _: NoArguments) -> Response:
    """Import a module version from its tag in the module provider's git repository."""
    made = await call.run_slowly(
        call.registry.importing.import_version,
        call.identity,
        call.module_provider,
        version=call.parameters["version"],
    )
    return json_response(UploadAnswer(warnings=made.warnings or None))


async def list_tags(call: Call, _: NoArguments) -> Response:
    """List the tags of the module provider's git repository that versions can be imported from.

    One for each version, the lowest version first, with what of it is stored already; all other tags are only counted.
    The list is fetched from the git host at each call.
    """
    listed = await call.run_slowly(call.registry.importing.importable_tags, call.identity, call.module_provider)
    return json_response(TagList.of(listed))


async def receive_bitbucket_hook(call: Call, _: NoArguments) -> Response:
    """Import the versions whose tags were pushed to Bitbucket.

    Takes the push events of Bitbucket Data Center and Cloud, signed in X-Hub-Signature with an upload API key.
    """
    admitted, body = await _admitted(call, GitHost.BITBUCKET)
    require_json(call.request)
    outcome = await call.run_slowly(admitted.receive_push, parse_document(body))
    return json_response(PushAnswer.of(outcome), 500 if outcome.has_failed else 200)


async def receive_github_hook(call: Call, _: NoArguments) -> Response:
    """Import the version that was released on GitHub, or delete the one whose release was deleted.

    Takes release events as JSON or as a form, signed in X-Hub-Signature-256 with an upload API key.
    """
    admitted, body = await _admitted(call, GitHost.GITHUB)
    return await _received(call, admitted, _payload_of(call.request, body))


async def receive_gitlab_hook(call: Call, _: NoArguments) -> Response:
    """Import the version whose tag was pushed to GitLab, or delete the one whose tag was deleted.

    Takes tag push events that carry an upload API key in X-Gitlab-Token.
    """
    admitted, body = await _admitted(call, GitHost.GITLAB)
    require_json(call.request)
    return await _received(call, admitted, parse_document(body))


async def receive_gitea_hook(call: Call, _: NoArguments) -> Response:
    """Import the version whose tag was pushed to Gitea or Forgejo, or delete the one whose tag was deleted.

    Takes create, delete and push events, signed in X-Gitea-Signature or X-Forgejo-Signature with an upload API key.
    """
    admitted, body = await _admitted(call, GitHost.GITEA)
    return await _received(call, admitted, _payload_of(call.request, body))


async def _admitted(call: Call, host: GitHost) -> tuple[AdmittedHook, bytes]:
    body = await read_body(call.request)
    headers = {name.decode("latin-1"): value for name, value in reversed(call.request.headers.raw)}
    return await call.run(call.registry.webhooks.admit, host, call.module_provider, headers, body), body


async def _received(call: Call, admitted: AdmittedHook, payload: object) -> Response:
    outcome = await call.run_slowly(admitted.receive, payload)
    return json_response(HookAnswer.of(outcome), _STATUS[outcome.result])


def _payload_of(request: Request, body: bytes) -> object:
    """The JSON value in the body, or in the field `payload` of a form. Raises UnsupportedBody, MalformedBody."""
    if media_type_of(request) != FORM:
        require_json(request)
        return parse_document(body)
    try:
        fields = parse_qs(body, max_num_fields=10)
    except ValueError:
        fields = {}
    if b"payload" not in fields:
        raise MalformedBody("The form has no field payload")
    return parse_document(fields[b"payload"][0])
