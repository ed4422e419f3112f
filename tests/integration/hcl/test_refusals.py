"""What is refused, in which words, and that no text whatever takes long or escapes as anything but a refusal."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from terrareg_adapters.terraform.hcl import TerraformReader
from terrareg_core.errors import InvalidSource
from terrareg_core.modules.analysis import specify
from terrareg_core.modules.syntax import SourceBounds
from tests.integration.hcl.sources import document, read


def refusal_of(text: str | bytes, path: str = "main.tf") -> InvalidSource | None:
    """What reading and specifying the text raises, if it raises what it may."""
    try:
        specify([(path, read(text, path))])
    except InvalidSource as refusal:
        return refusal
    return None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('var "test" {', r"^main\.tf:1: the \{ opened here is never closed$"),
        ("x {\n a = [1\n}\n", r"^main\.tf:3: the \} does not close the \[ that was opened last$"),
        ("x {\n}\n}\n", r"^main\.tf:3: the \} closes nothing$"),
        ('x {\n a = "b\n}\n', r"^main\.tf:2: the string opened here does not end on its line$"),
        ('x {\n a = "b\r"\n}\n', r"^main\.tf:2: the string opened here does not end on its line$"),
        ("x {\n a = <<EOT\n\n\nEOT2\n}\n", r"^main\.tf:2: the heredoc <<EOT opened here is never closed$"),
        ("x {\n a = <<EOT )\nEOT\n}\n", r"^main\.tf:2: the \) does not close the \{"),
        ("x {}\n/* y\n", r"^main\.tf:2: the comment opened here is never closed$"),
        ('x {\n a = "\\q"\n}\n', r"^main\.tf:2: \\q is no escape that a string knows$"),
        ('x {\n a = "\\ud800"\n}\n', r"^main\.tf:2: \\u is no escape"),
        ('x {\n a = "\\U00110000"\n}\n', r"^main\.tf:2: \\U is no escape"),
        ("x {\n a = 1\n b = 2\n a = 3\n}\n", r"^main\.tf:4: a was set on line 2 already$"),
        ("x {\n a = \n}\n", r"^main\.tf:2: more is expected before the line ends$"),
        ("x {\n a = b c\n}\n", r"^main\.tf:2: "),
        ("x {\n a = 1\rb = 2\n}\n", r"^main\.tf:2: unexpected character U\+000D$"),
        ("x {\n a = 'b'\n}\n", r"^main\.tf:2: unexpected '$"),
        ('x "${a}" {}\n', r"^main\.tf:1: a label can't hold an interpolation$"),
        ('x {\n a = "${b c}"\n}\n', r"^main\.tf:2: unexpected c"),
        ('x {\n a = "%{ if b }c"\n}\n', r"^main\.tf:2: the %\{ if \} opened here is never ended$"),
        ("x {\n a = <<E\n%{ for b in c }\nE\n}\n", r"^main\.tf:3: the %\{ for \} opened here is never ended$"),
        ('x {\n a = "%{ if b }%{ endfor }"\n}\n', r"^main\.tf:2: a directive can't be endfor here$"),
        ('x {\n a = "%{ else }"\n}\n', r"^main\.tf:2: a directive can't be else here$"),
        ('x {\n a = "%{ }"\n}\n', r"^main\.tf:2: a directive can't be \} here$"),
        ("hello world\n", r"^main\.tf:1: "),
        ("x = = 1\n", r"^main\.tf:1: unexpected ="),
    ],
)
def test_a_refusal_names_file_and_line_and_reason(text: str, message: str) -> None:
    with pytest.raises(InvalidSource, match=message):
        read(text)


@pytest.mark.parametrize("text", [b'x {\n a = "f\xfcr"\n}\n', b"x {\n a = <<E\nf\xfcr\nE\n}\n", b"x {\n \xff = 1\n}\n"])
def test_bytes_that_are_no_utf_8_are_refused_outside_of_comments(text: bytes) -> None:
    with pytest.raises(InvalidSource, match=r"^main\.tf:[23]: a byte here is no UTF-8$"):
        read(text)


def test_the_message_never_recites_the_file() -> None:
    with pytest.raises(InvalidSource) as raised:
        read("x {\n a = " + "b" * 100_000 + " " + "c" * 100_000 + "\n}\n")
    assert len(str(raised.value)) < 200


# --- bounds ------------------------------------------------------------------------------------------------------


def test_a_file_beyond_the_size_bound_is_refused_by_name() -> None:
    reader = TerraformReader(SourceBounds(file_bytes=10))
    assert reader.read("a.tf", b"#23456789\n").blocks == []
    with pytest.raises(InvalidSource, match=r"^a\.tf: the file has more than 10 bytes$"):
        reader.read("a.tf", b"#234567890\n")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{ a = ", "}")])
def test_the_depth_of_a_default_is_bounded(opening: str, closing: str) -> None:
    def variable(depth: int) -> str:
        return f'variable "a" {{\n default = {opening * depth}1{closing * depth}\n}}\n'

    assert document(variable(200)).inputs[0].default is not None
    with pytest.raises(InvalidSource, match=r"main\.tf:2: .*nested deeper than 200 levels"):
        document(variable(201))


def test_the_depth_of_a_json_default_is_bounded() -> None:
    def variable(depth: int) -> str:
        return '{"variable": {"a": {"default": ' + "[" * depth + "]" * depth + "}}}"

    assert document(variable(200), "a.tf.json").inputs[0].default is not None
    with pytest.raises(InvalidSource, match=r"a\.tf\.json:1: .*nested deeper than 200 levels"):
        document(variable(202), "a.tf.json")


def test_the_depth_of_blocks_is_bounded() -> None:
    with pytest.raises(InvalidSource, match="blocks are nested deeper than 200 levels"):
        read("a {\n" * 202 + "}\n" * 202)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x {\n a = <<E\n" + "\n" * 100_000, id="empty lines in a heredoc without end"),
        pytest.param("x {\n a = <<E\n" + "${a}\n" * 20_000, id="interpolations in a heredoc without end"),
        pytest.param("a = " + "(" * 20_000 + "1" + ")" * 20_000, id="parentheses"),
        pytest.param('a = "' + "${" * 5_000, id="unclosed interpolations"),
        pytest.param("a = " + '"${' * 2_000 + "1" + '}"' * 2_000, id="nested templates"),
        pytest.param("a = " + "!" * 20_000 + "b", id="prefix operators"),
        pytest.param("x {\n a = " + "+".join("1" * 5_000) + "\n}", id="a long sum"),
        pytest.param("x {\n a = " + "1" * 500_000 + "\n}", id="digits"),
        pytest.param("x {\n a = " + "<<E\n${" * 100 + "1" + "}\nE\n" * 100 + "}", id="heredocs in heredocs"),
        pytest.param("/*" * 100_000, id="a comment without end"),
        pytest.param('"' * 100_001, id="quotes"),
        pytest.param("x {\n a = f(b..., c)\n}\n" * 2_000, id="many broken blocks"),
    ],
)
def test_hostile_text_is_answered_at_once(text: str) -> None:
    refusal = refusal_of(text)
    assert refusal is None or str(refusal).startswith("main.tf:")


@given(st.text(alphabet='ab1=+-!~"$%{}()[]<>,.:?\\/*#\n\r\t \ud800é', max_size=40))
@example("x = <<a\n${<<a\n")
@example('x = "${"${')
@example("a = {for")
@example("a=-")
@example("a {")
@example("a = ~")
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    refusal = refusal_of(text.encode("utf-8", "surrogatepass"))
    assert refusal is None or len(str(refusal).encode()) < 4_000


@given(
    st.lists(
        st.sampled_from(
            [
                '"a"',
                "b",
                "=",
                "{",
                "}",
                "[",
                "]",
                "(",
                ")",
                "\n",
                "-",
                "!",
                "1",
                ",",
                ":",
                "?",
                ".",
                "<<E\n",
                "E\n",
                "${",
                '"',
                "for",
                "in",
                "=>",
                "::",
                "...",
                "# c\n",
                "/*",
                "*/",
                "%{",
                " ",
            ]
        ),
        max_size=25,
    )
)
def test_no_row_of_tokens_raises_anything_but_a_refusal(words: list[str]) -> None:
    for text in ("".join(words), "x {\n a = " + "".join(words) + "\n}\n"):
        refusal = refusal_of(text)
        assert refusal is None or refusal.line is not None


@given(st.binary(max_size=60), st.sampled_from(["a.tf", "a.tf.json", ".terraform.lock.hcl"]))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes, path: str) -> None:
    refusal = refusal_of(content, path)
    assert refusal is None or refusal.path == path


# --- use from several threads and processes ----------------------------------------------------------------------


def test_threads_and_processes_get_the_same_result() -> None:
    text = b'# c\nvariable "a" {\n  type = list(string)\n  default = [{ b = "${1}x" }]\n}\n' * 20
    reader = TerraformReader()
    alone = reader.read("main.tf", text)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: reader.read("main.tf", text), range(12)))
    assert together == [alone] * 12
    assert pickle.loads(pickle.dumps(reader)).read("main.tf", text) == pickle.loads(pickle.dumps(alone))
