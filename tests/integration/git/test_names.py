"""Which names of a tree are refused."""

import pytest

from terrareg_adapters.git.names import FolderNames
from terrareg_core.errors import InvalidRepository


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("..", "path of its own"),
        (".", "path of its own"),
        ("", "path of its own"),
        (".. ", "path of its own"),
        ("\uff0e\uff0e", "path of its own"),
        ("C:x", "path of its own"),
        (".git", "git's own folder"),
        (".GIT", "git's own folder"),
        (".git. ", "git's own folder"),
        (".g\u200cit", "git's own folder"),
        ("git~1", "git's own folder"),
        ("a/b", "slash"),
        ("a\\b", "slash"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("a\u202eb", "control character"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        ("x" * 256, "more than 255 bytes"),
    ],
)
def test_a_hostile_name_is_refused_in_a_printable_sentence(name: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidRepository, match=reason) as caught:
        FolderNames("").add(name.encode() if isinstance(name, str) else name)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("name", ["main.tf", ".github", ".gitignore", "é b.tf", "c:", "-", "$HOME", "...a"])
def test_a_name_that_means_nothing_special_below_the_root_is_kept(name: str) -> None:
    assert FolderNames("sub").add(name.encode()) == f"sub/{name}"


@pytest.mark.parametrize(("first", "second"), [("README", "readme"), ("é", "e\u0301"), ("a", "a."), ("a", "a")])
def test_names_that_some_file_system_takes_for_one_are_refused(first: str, second: str) -> None:
    folder = FolderNames("")
    folder.add(first.encode())
    with pytest.raises(InvalidRepository, match=r"differs only|more than once"):
        folder.add(second.encode())
