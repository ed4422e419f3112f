"""The variables that a usage builder asks for: the metadata file's, then the module's inputs (chapter 03, 18)."""

from collections.abc import Callable, Mapping, Sequence

from terrareg_core.json_values import JsonObject, JsonValue
from terrareg_core.modules.specification import Input


def usage_variables(
    template: JsonValue,
    inputs: Sequence[Input],
    descriptions: Sequence[str | None],
    *,
    autogenerate: bool,
    sanitise: Callable[[str], str],
) -> Sequence[JsonObject]:
    """What a usage builder asks for.

    `template` is the metadata's `variable_template`; whatever in it is no object with a name is passed over.
    `descriptions` are those of the root's `inputs`, one each, as they may be shown (Markdown or HTML); `sanitise` makes
    the template's help texts so (the *plain* allow-list of 19.2). `autogenerate` tells whether inputs that the template
    doesn't name are asked for, too.
    """
    entries = [_completed(entry, sanitise) for entry in _entries(template)]
    if not autogenerate:
        return entries
    named = {entry["name"] for entry in entries}
    return [
        *entries,
        *(
            _generated(item, description)
            for item, description in zip(inputs, descriptions, strict=True)
            if item.name not in named
        ),
    ]


def _entries(template: JsonValue) -> Sequence[JsonObject]:
    if not isinstance(template, Sequence):
        return []
    return [entry for entry in template if isinstance(entry, Mapping) and isinstance(entry.get("name"), str)]


def _completed(entry: JsonObject, sanitise: Callable[[str], str]) -> JsonObject:
    defaults: JsonObject = {"type": "text", "required": True, "quote_value": True, "default_value": None}
    help_text = entry.get("additional_help", "")
    if isinstance(help_text, str):
        help_text = sanitise(help_text)
    elif help_text is not None:
        # Clients put it into a page as it is, and a list's or an object's texts would get there unsanitised.
        help_text = ""
    return {**defaults, **entry, "additional_help": help_text}


def _generated(item: Input, description: str | None) -> JsonObject:
    kind, quoted = _kind(item.type)
    return {
        "name": item.name,
        "type": kind,
        "additional_help": description,
        "quote_value": quoted,
        "required": item.required,
        "default_value": item.default,
    }


def _kind(declared: str) -> tuple[str, bool]:
    """How a usage builder asks for a variable of the type that is declared, and whether its values take quotes."""
    if declared == "bool":
        return "boolean", False
    if declared == "number":
        return "number", False
    if declared.startswith("list("):
        return "list", declared != "list(number)"
    return "text", not declared.startswith("map(")
