"""Folders that a killed process left in the workspace."""

import os
import time
from pathlib import Path

from terrareg_adapters.terraform.unpacking import forget_abandoned


def test_old_folders_are_removed_and_young_ones_kept(tmp_path: Path) -> None:
    old, young, other = tmp_path / "unpacked-old", tmp_path / "unpacked-young", tmp_path / "other"
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "main.tf").write_text("")
    yesterday = time.time() - 86_400
    for folder in (old, other):
        os.utime(folder, (yesterday, yesterday))
    forget_abandoned(tmp_path)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["other", "unpacked-young"]


def test_a_workspace_that_does_not_exist_yet_holds_nothing(tmp_path: Path) -> None:
    forget_abandoned(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
