"""The reader of Terraform's files: bounds, encoding, and which syntax a file is in."""

from collections.abc import Sequence

import attrs

from terrareg_adapters.terraform.hcl.json_syntax import JsonReader
from terrareg_adapters.terraform.hcl.lines import Lines
from terrareg_adapters.terraform.hcl.native import NativeReader
from terrareg_adapters.terraform.hcl.repairs import SourceFlaw
from terrareg_core.errors import InvalidSource
from terrareg_core.modules.syntax import ParsedFile, SourceBounds

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@attrs.frozen
class TerraformReader:
    """Reads `.tf`, `.tofu`, `.tf.json` and lock files (the port SpecificationReader).

    It holds nothing but its bounds: several threads may read with one, and a worker process may be sent one.
    """

    bounds: SourceBounds = attrs.field(factory=SourceBounds)

    def read(self, path: str, content: bytes) -> ParsedFile:
        """The blocks of one file; a path that ends in `.json` (in lower case) is read as JSON syntax.

        Raises InvalidSource with path, line and a reason in our own words (chapter 03, 8.10.9).
        """
        if len(content) > self.bounds.file_bytes:
            raise InvalidSource(path, None, f"the file has more than {self.bounds.file_bytes} bytes")
        # Bytes that are no UTF-8 become lone surrogates: Terraform minds them in strings, and not in comments.
        source = content.removeprefix(_BYTE_ORDER_MARK).decode(errors="surrogateescape")
        reader = JsonReader if path.endswith(".json") else NativeReader
        try:
            parsed = reader(source, self.bounds.default_depth).read()
        except SourceFlaw as flaw:
            raise InvalidSource(path, Lines(source).number(flaw.position), flaw.reason) from None
        return attrs.evolve(parsed, warnings=[f"{path}: {warning}" for warning in parsed.warnings])

    def read_all(self, sources: Sequence[tuple[str, bytes]]) -> Sequence[ParsedFile]:
        """What `read` makes of each (path, content), one after the other. Raises what it raises for the first."""
        return [self.read(path, content) for path, content in sources]


def read_source(request: tuple[SourceBounds, str, bytes]) -> ParsedFile:
    """Bounds, path and content of one file to its blocks: the job of a worker process. Raises InvalidSource."""
    bounds, path, content = request
    return TerraformReader(bounds).read(path, content)
