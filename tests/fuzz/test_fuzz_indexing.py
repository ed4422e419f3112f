"""Indexing of random, mutated and hostile source trees: it refuses in the domain's words, and always in time.

`FUZZ_SECONDS` in the environment says how long all tests here run together (5 without it).
"""

import json
import os
import secrets
import time
from collections.abc import Mapping

import attrs
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from terrareg_adapters.memory.source_tree import MemoryTree
from terrareg_core.errors import RegistryError
from terrareg_core.modules.model import IndexedContent
from tests.corpus import MODULE_NAMES, index, module_files

_SECONDS = float(os.environ.get("FUZZ_SECONDS", "5"))
_FIRST_SEED = secrets.randbits(32) if "FUZZ_SECONDS" in os.environ else 0
"""The ordinary run is the same each time; who asks for more time asks for something new."""
_SLOWEST = 20
"""Seconds: the bound of chapter 03, 8.10.10."""
_ROUND = 25
"""Trees between two looks at the clock."""

_Files = Mapping[str, bytes]

_CORPUS: Mapping[str, _Files] = {name: module_files(name) for name in MODULE_NAMES}
_PATHS = [(name, path) for name, files in _CORPUS.items() for path, content in files.items() if content]
_NAMES = [
    "main.tf",
    "a.tofu",
    "b.tf.json",
    "x_override.tf",
    ".terraform.lock.hcl",
    "README.md",
    "terrareg.json",
    "LICENSE",
    "CHANGELOG.md",
    "modules/m/main.tf",
    "modules/m/README.md",
    "examples/e/main.tf",
    "examples/e/b.tf.json",
    "examples/e/run.sh",
]
_WORDS = [
    *(b'"', b"'", b"\\", b"${", b"%{", b"$${", b"%%{", b"~}", b"{", b"}", b"[", b"]", b"(", b")", b",", b"...", b"?"),
    *(b" = ", b":", b"::", b"=>", b"!", b"-", b".", b"*", b"#", b"//", b"/*", b"*/", b"\n", b"\r", b"\r\n", b"\t"),
    *(b"<<EOT\n", b"<<-EOT\n", b"\n  EOT\n", b"<<_\n", b"%{ if ", b"%{ endif }", b"%{ for x in ", b"for ", b"null"),
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xcc\x81", b"\xf0\x9f\x8e\x89", b"\\u"),
    *(b"1e999", b"0x1", b"9" * 400, b"-0", b"NaN", b"Infinity", b"\\ud800", b"\\U00110000", b"terraform-docs-ignore"),
    *(b'variable "a" {', b'module "a" {', b'resource "a_b" "c" {', b"provider = ", b"default = ", b"type = "),
    *(b"source = ", b'"../../.."', b'"./modules/m"', b'"."', b"required_providers {", b"provider::a::b(", b"](x)"),
    *(b"<script>", b"<a href=javascript:", b"![", b"```", b"| - |", b"&#0;", b"<!--", b"{{", b"- " * 40, b"> " * 40),
]
_BYTES = st.binary(max_size=400)
_SOUP = st.lists(st.sampled_from(_WORDS), max_size=60).map(b"".join)


@attrs.frozen
class _Cut:
    """A part of a content, by thousandths of its length."""

    start: int
    length: int

    def of(self, content: bytes) -> slice:
        start = len(content) * self.start // 1000
        return slice(start, start + self.length)


_CUTS = st.builds(_Cut, st.integers(0, 1000), st.sampled_from([1, 1, 2, 5, 20, 100, 1000]))


@st.composite
def _mutated(draw: st.DrawFn) -> _Files:
    """The directory of a file of the corpus, the file changed a few times, and perhaps under another name."""
    module, path = draw(st.sampled_from(_PATHS))
    files = _CORPUS[module]
    directory = path.rpartition("/")[0]
    tree = {other: content for other, content in files.items() if other.rpartition("/")[0] == directory}
    content = files[path]
    for _ in range(draw(st.integers(1, 4))):
        content = _changed(draw, content)
    if draw(st.integers(0, 4)) == 0:
        return {draw(st.sampled_from(_NAMES)): content}
    return {**tree, path: content}


def _changed(draw: st.DrawFn, content: bytes) -> bytes:
    part = draw(_CUTS).of(content)
    match draw(st.sampled_from(["flip", "delete", "repeat", "splice", "insert", "truncate"])):
        case "flip":
            middle = bytes(byte ^ (1 << draw(st.integers(0, 7))) for byte in content[part][:3]) + content[part][3:]
        case "delete":
            middle = b""
        case "repeat":
            middle = content[part] * draw(st.sampled_from([2, 3, 50]))
        case "splice":
            module, path = draw(st.sampled_from(_PATHS))
            other = _CORPUS[module][path]
            middle = other[draw(_CUTS).of(other)]
        case "insert":
            middle = draw(st.sampled_from(_WORDS)) + content[part]
        case _:
            return content[: part.start]
    return content[: part.start] + middle + content[part.stop :]


@st.composite
def _nested(draw: st.DrawFn) -> _Files:
    """Something opened over and over again, closed or not."""
    pairs = [
        *(
            (b"[", b"]"),
            (b"{ a = ", b" }"),
            (b"(", b")"),
            (b"a {\n", b"}\n"),
            (b'"${', b'}"'),
            (b"f(", b")"),
            (b"!", b""),
        ),
        *(
            (b"- ", b""),
            (b'{"a": ', b"}"),
            (b"%{ if true }", b"%{ endif }"),
            (b"[for x in ", b": x]"),
            (b"a ? b : ", b""),
        ),
        *((b"<<EOT\n${", b"}\nEOT\n"), (b"a.", b""), (b"x[", b"]"), (b"> ", b""), (b"- ", b""), (b"[", b"](x)")),
        *((b"*", b"*"), (b"<b>", b"</b>"), (b"`", b"`"), (b"![", b"]"), (b"<<EOT\n", b""), (b"/*", b"")),
    ]
    opening, closing = draw(st.sampled_from(pairs))
    depth = draw(st.sampled_from([10, 190, 199, 200, 201, 210, 1_000, 5_000, 20_000]))
    closed = draw(st.sampled_from([depth, depth, depth - 1, 0]))
    inner = draw(st.sampled_from([b"1", b'"x"', b"", b"var.x", b"null"]))
    before, after = draw(
        st.sampled_from(
            [
                (b'variable "a" {\n  default = ', b"\n}\n"),
                (b'variable "a" {\n  type = ', b"\n}\n"),
                (b'output "a" {\n  value = ', b"\n}\n"),
                (b'{"variable": {"a": {"default": ', b"}}}"),
                (b'{"variable_template": ', b"}"),
                (b"", b""),
            ]
        )
    )
    return {draw(st.sampled_from(_NAMES)): before + opening * depth + inner + closing * closed + after}


_KEYS = st.sampled_from(
    [
        *("variable", "output", "module", "resource", "data", "terraform", "provider", "required_providers", "//"),
        *("default", "type", "description", "source", "version", "required_version", "a", "name", "owner", "internal"),
        *("repo_clone_url", "repo_base_url", "repo_browse_url", "variable_template", "quote_value", "default_value"),
    ]
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["${", "a.b", "~> 1", "git::x?ref=v", "//"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | _KEYS, inner, max_size=5),
    max_leaves=30,
)


def _json_text(value: object) -> bytes:
    """JSON, and what looks like it: NaN, lone surrogates and repeated keys are written as they come."""
    match value:
        case dict():
            members = b", ".join(_json_text(key) + b": " + _json_text(member) for key, member in value.items())
            return b"{" + members + b"}"
        case list():
            return b"[" + b", ".join(map(_json_text, value)) + b"]"
        case str():
            quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{quoted}"'.encode(errors="surrogatepass")
        case None | True | False:
            return {None: b"null", True: b"true", False: b"false"}[value]
    return str(value).encode()


_TREES = {
    "random bytes": st.dictionaries(st.sampled_from(_NAMES), _BYTES, max_size=3),
    "words of the language": st.dictionaries(st.sampled_from(_NAMES), _SOUP, max_size=3),
    "mutated files": _mutated(),
    "two mutated files": st.builds(lambda first, second: {**first, **second}, _mutated(), _mutated()),
    "deep nesting": _nested(),
    "hostile JSON": st.dictionaries(
        st.sampled_from(["terrareg.json", "main.tf.json", "modules/m/x.tf.json", "examples/e/x.json"]),
        _JSON.map(_json_text),
        min_size=1,
        max_size=3,
    ),
}


@pytest.mark.parametrize("kind", _TREES)
def test_whatever_a_module_holds_is_indexed_or_refused_in_time(kind: str) -> None:
    ends = time.monotonic() + _SECONDS / len(_TREES)
    number = _FIRST_SEED
    while time.monotonic() < ends:
        _round(_TREES[kind], number)
        number += 1


def _round(trees: st.SearchStrategy[_Files], number: int) -> None:
    @seed(number)
    @settings(max_examples=_ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(trees)
    def index_each(files: _Files) -> None:
        tree = _tree(files)
        began = time.monotonic()
        try:
            outcome: IndexedContent | RegistryError = index(tree)
        except RegistryError as refusal:
            outcome = refusal
        took = time.monotonic() - began
        assert took < _SLOWEST
        if isinstance(outcome, RegistryError):
            assert len(str(outcome).encode()) < 4_000
        else:
            _require_storable(outcome)

    index_each()


def _require_storable(indexed: IndexedContent) -> None:
    """Whatever was read can be written as JSON in UTF-8, without the numbers that JSON doesn't have."""
    specifications = [attrs.asdict(part.specification) for part in indexed.parts]
    texts = [indexed.description, indexed.example_files, indexed.tab_files, [part.readme for part in indexed.parts]]
    json.dumps([specifications, texts, list(indexed.warnings)], ensure_ascii=False, allow_nan=False).encode()


def _tree(files: _Files) -> MemoryTree:
    """The files that can stand in one tree: none where another one needs a directory."""
    directories = {path[:end] for path in files for end, letter in enumerate(path) if letter == "/"}
    return MemoryTree({path: content for path, content in files.items() if path not in directories})
