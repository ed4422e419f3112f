"""Handlers of the namespace endpoints (chapter 02, 3)."""

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import Confirmation, EmptyObject, NoArguments
from terrareg_http.schemas.namespaces import (
    ChangedNamespaceAnswer,
    CreatedNamespaceAnswer,
    NamespaceAnswer,
    NamespaceCreation,
    NamespaceEdit,
    NamespaceListArguments,
    NamespacePage,
)


async def list_namespaces(call: Call, arguments: NamespaceListArguments) -> Response:
    """List namespaces by name: all of them, or a page when `limit` is given."""
    page = await call.run(
        call.registry.namespaces.page,
        call.identity,
        arguments.page,
        only_published=arguments.only_published,
        of=arguments.type,
    )
    listed = NamespacePage.of(page, arguments.type)
    return json_response(listed.namespaces if arguments.page is None else listed)


async def create_namespace(call: Call, arguments: NamespaceCreation) -> Response:
    """Create a namespace."""
    created = await call.run(call.registry.namespaces.create, call.identity, arguments.name, arguments.display_name)
    return json_response(CreatedNamespaceAnswer.of(created))


async def admit_change(call: Call) -> None:
    """Refuse those who may not change the namespace, and a namespace that does not exist (chapter 02, 1.4)."""
    await call.run(call.registry.namespaces.admit_change, call.identity, call.parameters["namespace"])


async def show_namespace(call: Call, _: NoArguments) -> Response:
    """Show a namespace; a former name leads to its current one."""
    details = await call.run(call.registry.namespaces.show, call.identity, call.parameters["namespace"])
    return json_response(NamespaceAnswer.of(details))


async def change_namespace(call: Call, arguments: NamespaceEdit) -> Response:
    """Rename a namespace or give it another display name: everything that is given, or nothing."""
    changed = await call.run(
        call.registry.namespaces.change, call.identity, call.parameters["namespace"], arguments.changes
    )
    return json_response(ChangedNamespaceAnswer.of(changed))


async def delete_namespace(call: Call, _: Confirmation) -> Response:
    """Delete an empty namespace."""
    await call.run(call.registry.namespaces.delete, call.identity, call.parameters["namespace"])
    return json_response(EmptyObject())
