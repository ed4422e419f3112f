"""Generated secrets in a private file: made once, the same for all, never open to others."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from terrareg_adapters.secret_file import SecretFile
from terrareg_core.errors import RegistryFailure

ASK = """
import secrets, sys
from pathlib import Path
from terrareg_adapters.secret_file import SecretFile

print("ready", flush=True)
sys.stdin.readline()
for name in sys.argv[2:]:
    print(SecretFile(Path(sys.argv[1])).secret(name, lambda: secrets.token_hex(16)))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets.json"


def never() -> str:
    raise AssertionError("a secret was made although there is one")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    former = os.umask(mask)
    try:
        yield
    finally:
        os.umask(former)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_and_kept(path: Path) -> None:
    assert SecretFile(path).secret("session", lambda: "first") == "first"
    assert SecretFile(path).secret("session", never) == "first"


def test_secrets_of_different_names_are_kept_beside_each_other(path: Path) -> None:
    file = SecretFile(path)
    file.secret("session", lambda: "one")
    file.secret("archives", lambda: "two")
    assert [SecretFile(path).secret(name, never) for name in ("session", "archives")] == ["one", "two"]


def test_a_directory_that_is_missing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "secrets.json"
    assert SecretFile(path).secret("session", lambda: "value") == "value"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_only_the_owner_can_read_the_file_whatever_the_umask(path: Path, mask: int) -> None:
    with umask(mask):
        SecretFile(path).secret("session", lambda: "value")
        SecretFile(path).secret("archives", lambda: "value")
    assert mode(path) == 0o600
    for sibling in path.parent.iterdir():
        assert mode(sibling) & 0o077 == 0


def test_a_mode_that_was_widened_is_narrowed_again(path: Path) -> None:
    SecretFile(path).secret("session", lambda: "value")
    path.chmod(0o644)
    assert SecretFile(path).secret("session", never) == "value"
    assert mode(path) == 0o600


def test_processes_that_start_at_once_end_with_the_same_secrets(path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(path), "session", "archives"]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        answers = [process.communicate("go\n", timeout=30)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait(10)
    assert len(set(answers)) == 1
    assert len(answers[0].split()) == 2


def test_threads_that_ask_at_once_get_the_same_secret(path: Path) -> None:
    made: list[str] = []

    def make() -> str:
        made.append(f"value {len(made)}")
        return made[-1]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: SecretFile(path).secret("session", make), range(32)))
    assert answers == {"value 0"}
    assert made == ["value 0"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"session": 5}',
        b'{"session": ""}',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * (2 << 20),
    ],
    ids=["empty", "cut", "list", "null", "text", "number", "empty secret", "no UTF-8", "deep", "huge"],
)
def test_a_damaged_file_is_reported_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RegistryFailure, match=r"secrets\.json .* damaged; restore it from a backup, or delete it"):
        SecretFile(path).secret("session", never)
    assert path.read_bytes() == content


def test_the_messages_hold_neither_a_secret_nor_a_path(path: Path) -> None:
    path.write_text('{"session": "very private", "archives": 5}')
    with pytest.raises(RegistryFailure) as caught:
        SecretFile(path).secret("session", never)
    assert "very private" not in caught.value.message
    assert str(path.parent) not in caught.value.message


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RegistryFailure, match="can't be used"):
        SecretFile(tmp_path / "file" / "secrets.json").secret("session", lambda: "value")


def test_a_symbolic_link_in_the_place_of_the_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    target.write_text('{"session": "planted"}')
    path.symlink_to(target)
    with pytest.raises(RegistryFailure):
        SecretFile(path).secret("session", never)


def test_an_empty_secret_is_a_mistake_and_nothing_is_kept(path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        SecretFile(path).secret("session", lambda: "")
    assert not path.exists()


def test_what_a_killed_process_left_half_written_does_not_count(path: Path) -> None:
    path.with_name("secrets.json.new").write_bytes(b'{"session": "hal')
    assert SecretFile(path).secret("session", lambda: "whole") == "whole"
    assert not path.with_name("secrets.json.new").exists()
