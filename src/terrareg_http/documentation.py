"""Handlers of what people read of a version: READMEs, documents, submodules, examples, graphs (chapter 03, 21)."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from terrareg_core.modules.documentation import RequestedVersion
from terrareg_core.modules.parts import PartKind
from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.documentation import (
    ExampleDetails,
    ExampleFileLink,
    GraphArguments,
    GraphData,
    OutputArguments,
    PartLink,
    SubmoduleDetails,
)


def _requested(call: Call) -> RequestedVersion:
    return RequestedVersion(call.module_provider, call.parameters["version"])


async def _readme(call: Call, kind: PartKind, path: str) -> Response:
    html = await call.run(
        call.registry.documentation.readme, call.identity, _requested(call), kind, path, call.public_address()
    )
    return json_response(html)


async def show_readme(call: Call, _: NoArguments) -> Response:
    """Show the README of a module version as HTML, null without one."""
    return await _readme(call, PartKind.ROOT, "")


async def show_submodule_readme(call: Call, _: NoArguments) -> Response:
    """Show the README of a submodule as HTML, null without one."""
    return await _readme(call, PartKind.SUBMODULE, call.parameters["submodule"])


async def show_example_readme(call: Call, _: NoArguments) -> Response:
    """Show the README of an example as HTML, null without one."""
    return await _readme(call, PartKind.EXAMPLE, call.parameters["example"])


async def show_file(call: Call, _: NoArguments) -> Response:
    """Show a document that lies beside the README, such as the change log, as HTML."""
    path = call.parameters["path"]
    return json_response(await call.run(call.registry.documentation.file, call.identity, _requested(call), path))


async def show_variable_template(call: Call, arguments: OutputArguments) -> Response:
    """List the variables that a usage builder asks for."""
    variables = await call.run(
        call.registry.documentation.usage_variables, call.identity, _requested(call), as_html=arguments.as_html
    )
    return json_response(variables)


async def list_submodules(call: Call, _: NoArguments) -> Response:
    """List the submodules of a module version."""
    listed = await call.run(call.registry.documentation.paths, call.identity, _requested(call), PartKind.SUBMODULE)
    return json_response(PartLink.all_of(listed, PartKind.SUBMODULE))


async def list_examples(call: Call, _: NoArguments) -> Response:
    """List the examples of a module version."""
    listed = await call.run(call.registry.documentation.paths, call.identity, _requested(call), PartKind.EXAMPLE)
    return json_response(PartLink.all_of(listed, PartKind.EXAMPLE))


async def show_submodule(call: Call, _: NoArguments) -> Response:
    """Show a submodule."""
    page = await call.run(
        call.registry.documentation.part,
        call.identity,
        _requested(call),
        PartKind.SUBMODULE,
        call.parameters["submodule"],
        call.public_address(),
    )
    return json_response(SubmoduleDetails.of_page(page))


async def show_example(call: Call, _: NoArguments) -> Response:
    """Show an example."""
    page = await call.run(
        call.registry.documentation.part,
        call.identity,
        _requested(call),
        PartKind.EXAMPLE,
        call.parameters["example"],
        call.public_address(),
    )
    return json_response(ExampleDetails.of_page(page))


async def list_example_files(call: Call, _: NoArguments) -> Response:
    """List the files of an example, `main.tf` first."""
    listed = await call.run(
        call.registry.documentation.example_files, call.identity, _requested(call), call.parameters["example"]
    )
    return json_response(ExampleFileLink.all_of(listed))


async def show_example_file(call: Call, _: NoArguments) -> Response:
    """Show a file of an example, escaped for a page, with the module's sources as this registry names them."""
    content = await call.run(
        call.registry.documentation.example_file,
        call.identity,
        _requested(call),
        call.parameters["example_file"],
        call.public_address(),
    )
    return json_response(content)


def _graph_of(kind: PartKind, parameter: str | None) -> Callable[[Call, GraphArguments], Awaitable[Response]]:
    async def show_graph(call: Call, arguments: GraphArguments) -> Response:
        graph = await call.run(
            call.registry.documentation.graph,
            call.identity,
            _requested(call),
            kind,
            call.parameters[parameter] if parameter is not None else "",
            full_resource_names=arguments.full_resource_names,
            full_module_names=arguments.full_module_names,
        )
        return json_response(GraphData.of(graph))

    what = "module version" if parameter is None else kind.value
    show_graph.__doc__ = f"Show the resources of a {what} and the modules that it calls as a graph."
    return show_graph


show_graph = _graph_of(PartKind.ROOT, None)
show_submodule_graph = _graph_of(PartKind.SUBMODULE, "submodule_path")
show_example_graph = _graph_of(PartKind.EXAMPLE, "example_path")
