"""The rules of a `.tfignore`: gitignore's language, checked against examples and against git itself."""

import os
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.terraform.ignore_rules import IgnoreRules
from tests.integration.conftest import needs


def ignored(rules: str, path: str, *, directory: bool = False) -> bool:
    return IgnoreRules.parse(rules.encode()).ignores(path, directory=directory)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("secret", "secret"),
        ("secret", "a/b/secret"),
        ("/secret", "secret"),
        ("a/secret", "a/secret"),
        ("*.tf", "a/main.tf"),
        ("*", "anything"),
        ("a/*.tf", "a/x.tf"),
        ("a/**", "a/b/c"),
        ("**/c", "c"),
        ("**/c", "a/b/c"),
        ("a/**/c", "a/c"),
        ("a/**/c", "a/b/b/c"),
        ("a/**/**/c", "a/c"),
        ("**", "x/y"),
        ("/**", "x"),
        ("a**c", "abbc"),
        ("?.tf", "a.tf"),
        ("?", "模"),
        ("[a-c]x", "bx"),
        ("[!a-c]x", "dx"),
        ("[^a-c]x", "dx"),
        ("[]x]", "]"),
        ("[a-]", "-"),
        ("[[:digit:]]", "7"),
        ("[[:upper:]x]", "x"),
        ("[\\]]", "]"),
        ("\\#x", "#x"),
        ("\\!x", "!x"),
        ("\\*", "*"),
        ("x\\ ", "x "),
        ("x   ", "x"),
        ("x\r", "x"),
        ("\ufeffx", "x"),
        ("a.b+c(d)|^$", "a.b+c(d)|^$"),
        ("!x\nx", "x"),
        ("{a,b}", "{a,b}"),
    ],
)
def test_a_rule_leaves_out_what_it_matches(rule: str, path: str) -> None:
    assert ignored(rule, path)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("", "x"),
        ("#x", "#x"),
        ("/", "x"),
        ("!", "!"),
        ("secret", "secrets"),
        ("secret", "xsecret"),
        ("/secret", "a/secret"),
        ("a/secret", "b/a/secret"),
        ("*.tf", "main.tfx"),
        ("a/*", "a/b/c"),
        ("a*c", "a/c"),
        ("a/**", "a"),
        ("a?c", "a/c"),
        ("Secret", "secret"),
        ("x/", "x"),
        ("x\n!x", "x"),
        ("x\t", "x"),
        (" x", "x"),
        ("a[", "a["),
        ("[a", "[a"),
        ("x\\", "x\\"),
        ("x\\", "x"),
        ("[c-a]", "b"),
        ("[[:nonsense:]]", "n"),
        ("?", "ab"),
        ("a//b", "a/b"),
        ("*" * 2000, "x"),
    ],
)
def test_a_rule_spares_what_it_does_not_match(rule: str, path: str) -> None:
    assert not ignored(rule, path)


def test_a_rule_with_a_slash_at_its_end_is_for_directories() -> None:
    assert ignored("x/", "a/x", directory=True)
    assert not ignored("x/", "a/x")


def test_the_last_rule_that_matches_decides() -> None:
    assert not ignored("*.tf\n!main.tf", "main.tf")
    assert ignored("*.tf\n!main.tf\nmain.*", "main.tf")


def test_text_that_is_not_utf_8_and_text_beyond_the_limit_harm_nothing() -> None:
    assert not IgnoreRules.parse(b"\xff\xfe\n").ignores("x", directory=False)
    assert IgnoreRules.parse(b"x\n" + b"#" * 100_000 + b"\ny").ignores("x", directory=False)
    assert not IgnoreRules.parse(b"x\n" + b"#" * 100_000 + b"\ny").ignores("y", directory=False)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("*a" * 100 + "b", "a" * 255),
        ("*[ab]" * 100 + "c", "a" * 255),
        ("*?" * 100 + "b", "a" * 255),
        ("**/a/" * 2000 + "b", "/".join(["a"] * 100)),
        ("**/" * 20_000 + "b", "/".join(["a"] * 100)),
        ("**/*a*a*a*a*a*b/" * 20 + "**", "/".join(["a" * 100] * 100)),
    ],
)
def test_no_pattern_takes_long(rule: str, path: str) -> None:
    started = time.monotonic()
    assert not ignored(rule, path)
    assert time.monotonic() - started < 10


_rule = st.text(st.sampled_from("ab*?[]!-^/\\# ."), max_size=8)
_name = st.text(st.sampled_from("ab!-^#*"), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    rules=st.lists(_rule, min_size=1, max_size=3), paths=st.lists(_name, min_size=1, max_size=3), folder=st.booleans()
)
def test_git_says_the_same(rules: list[str], paths: list[str], folder: bool) -> None:
    needs("git")
    own = IgnoreRules.parse("\n".join(rules).encode())
    parents = ["/".join(paths[:length]) for length in range(1, len(paths))]
    path = "/".join(paths)
    ours = any(own.ignores(parent, directory=True) for parent in parents) or own.ignores(path, directory=folder)
    with TemporaryDirectory() as name:
        repository = Path(name)
        assert _git(repository, "init", "-q", "--template=") == 0
        place = repository / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if folder:
            place.mkdir()
        else:
            place.write_bytes(b"")
        (repository / ".gitignore").write_text("\n".join(rules))
        answer = _git(repository, "check-ignore", "--no-index", "-q", "-z", "--stdin", asked=path.encode() + b"\0")
    assert answer in {0, 1}
    assert ours == (answer == 0)


def _git(folder: Path, *arguments: str, asked: bytes = b"") -> int:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=folder, env=environment, input=asked, check=False, capture_output=True)
    return result.returncode
