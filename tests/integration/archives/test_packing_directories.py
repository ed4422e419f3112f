"""Packing of a local directory for `terrareg publish`: links, ignored files and what can't be packed."""

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from terrareg_adapters.terraform.packing import pack_directory
from terrareg_adapters.terraform.unpacking import SafeUnpacker
from terrareg_core.errors import InvalidArchive
from terrareg_core.modules.ports import ArchiveBounds, UploadedArchive


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    (folder / "modules/inner").mkdir(parents=True)
    (folder / "main.tf").write_bytes(b"main")
    (folder / "modules/inner/x.tf").write_bytes(b"inner")
    return folder


def zip_of(module: Path) -> bytes:
    target = io.BytesIO()
    pack_directory(module, target)
    return target.getvalue()


def members(module: Path) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(zip_of(module))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_directory_is_packed_with_all_its_files(module: Path) -> None:
    (module / ".hidden").write_bytes(b"h")
    assert members(module) == {
        ".hidden": b"h",
        "main.tf": b"main",
        "modules/": b"",
        "modules/inner/": b"",
        "modules/inner/x.tf": b"inner",
    }


def test_git_and_what_is_ignored_stay_at_home(module: Path) -> None:
    (module / ".git").mkdir()
    (module / ".git/config").write_bytes(b"token")
    (module / "modules/inner/.git").write_bytes(b"gitdir: ../..")
    (module / ".tfignore").write_bytes(b"*.tfstate\n.terraform/\n")
    (module / "terraform.tfstate").write_bytes(b"secrets")
    (module / ".terraform").mkdir()
    (module / ".terraform/link").symlink_to("/nowhere")
    assert list(members(module)) == ["main.tf", "modules/", "modules/inner/", "modules/inner/x.tf"]


def test_links_inside_are_stored_as_what_they_lead_to(module: Path) -> None:
    (module / "copy.tf").symlink_to("main.tf")
    (module / "twice.tf").symlink_to(module / "copy.tf")
    (module / "other").symlink_to("modules/inner")
    packed = members(module)
    assert packed["copy.tf"] == packed["twice.tf"] == b"main"
    assert packed["other/"] == b""
    assert packed["other/x.tf"] == b"inner"


def test_the_directory_itself_may_be_a_link(module: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(module)
    assert zip_of(tmp_path / "alias") == zip_of(module)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "..", "../module-twin/x", "/"])
def test_a_link_that_leads_out_is_refused_by_name(target: str, module: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"")
    (tmp_path / "module-twin").mkdir()
    (tmp_path / "module-twin/x").write_bytes(b"")
    (module / "modules/link").symlink_to(Path("..") / target if target.startswith("..") else target)
    with pytest.raises(InvalidArchive, match='"modules/link" leads out of the directory'):
        zip_of(module)


@pytest.mark.parametrize(("link", "target"), [("a", "."), ("modules/a", ".."), ("modules/inner/a", "../../modules")])
def test_a_link_to_a_folder_that_holds_it_is_refused_by_name(link: str, target: str, module: Path) -> None:
    (module / link).symlink_to(target)
    with pytest.raises(InvalidArchive, match=f'"{link}" leads to a folder that holds it'):
        zip_of(module)


def test_links_that_lead_in_a_circle_through_each_other_are_refused(module: Path) -> None:
    (module / "one").mkdir()
    (module / "two").mkdir()
    (module / "one/to-two").symlink_to("../two")
    (module / "two/to-one").symlink_to("../one")
    with pytest.raises(InvalidArchive, match="leads to a folder that holds it"):
        zip_of(module)


@pytest.mark.parametrize("target", ["nowhere", "loop"])
def test_a_link_that_leads_nowhere_is_refused_by_name(target: str, module: Path) -> None:
    (module / "loop").symlink_to(target)
    with pytest.raises(InvalidArchive, match='"loop" leads nowhere'):
        zip_of(module)


def test_a_link_into_git_is_refused(module: Path) -> None:
    (module / ".git").mkdir()
    (module / ".git/config").write_bytes(b"token")
    (module / "config").symlink_to(".git/config")
    with pytest.raises(InvalidArchive, match=r'"config" leads into \.git'):
        zip_of(module)


def test_a_pipe_is_refused_by_name(module: Path) -> None:
    os.mkfifo(module / "pipe")
    with pytest.raises(InvalidArchive, match='"pipe" is neither a file nor a folder'):
        zip_of(module)


def test_a_name_that_is_not_utf_8_is_refused(module: Path) -> None:
    (module / os.fsdecode(b"caf\xe9")).write_bytes(b"")
    with pytest.raises(InvalidArchive, match="not UTF-8"):
        zip_of(module)
    (module / ".tfignore").write_bytes(b"caf*")
    assert "main.tf" in members(module)


def test_folders_deeper_than_the_server_accepts_are_refused(module: Path) -> None:
    (module / "/".join(["d"] * 101)).mkdir(parents=True)
    with pytest.raises(InvalidArchive, match="100 folders deep"):
        zip_of(module)


@pytest.mark.parametrize("name", ["missing", "main.tf"])
def test_what_is_no_directory_is_refused(name: str, module: Path) -> None:
    with pytest.raises(InvalidArchive, match="can't be read"):
        zip_of(module / name)


def test_the_same_files_give_the_same_bytes(module: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    (twin / "modules/inner").mkdir(parents=True)
    (twin / "modules/inner/x.tf").write_bytes(b"inner")
    (twin / "main.tf").symlink_to("original.tf")
    (twin / "original.tf").write_bytes(b"main")
    (twin / ".tfignore").write_bytes(b"original.tf")
    os.utime(twin / "original.tf", (0, 0))
    assert zip_of(module) == zip_of(twin)


def test_the_executable_bit_is_kept_and_the_server_accepts_the_zip(module: Path, tmp_path: Path) -> None:
    (module / "main.tf").chmod(0o750)
    archive = UploadedArchive("module.zip", io.BytesIO(zip_of(module)))
    with SafeUnpacker(tmp_path / "work", ArchiveBounds()).unpack(archive) as tree:
        assert {file.path: file.executable for file in tree.files()} == {"main.tf": True, "modules/inner/x.tf": False}


def test_progress_counts_up_to_all_bytes(module: Path) -> None:
    (module / "large").write_bytes(bytes(2_500_000))
    steps: list[tuple[int, int]] = []
    pack_directory(module, io.BytesIO(), progress=lambda done, total: steps.append((done, total)))
    total = 2_500_000 + len(b"main") + len(b"inner")
    assert {whole for _, whole in steps} == {total}
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert steps[-1] == (total, total)
    assert len(steps) >= 5
