"""Short ways from source text to what the reader and the core make of it."""

import json

from terrareg_adapters.terraform.hcl import TerraformReader
from terrareg_core.modules.analysis import specify
from terrareg_core.modules.specification import Input, ModuleSpecification
from terrareg_core.modules.syntax import Attribute, ParsedFile

_READER = TerraformReader()


def as_doubles(value: object) -> object:
    """The value as a JSON client with nothing but doubles sees it."""
    return json.loads(json.dumps(value), parse_int=float)


def read(text: str | bytes, path: str = "main.tf") -> ParsedFile:
    return _READER.read(path, text if isinstance(text, bytes) else text.encode())


def document(text: str | bytes, path: str = "main.tf") -> ModuleSpecification:
    return specify([(path, read(text, path))])


def only_input(body: str) -> Input:
    """The one variable whose body is `body`."""
    [found] = document(f'variable "a" {{\n{body}\n}}\n').inputs
    return found


def only_attribute(line: str) -> Attribute:
    """The one attribute of a block that holds `line`."""
    [block] = read(f"any {{\n{line}\n}}\n").blocks
    [attribute] = block.attributes.values()
    return attribute
