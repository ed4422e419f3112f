"""Makes git repositories with the git program, odd ones included."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

_IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "C",
    "GIT_COMMITTER_EMAIL": "c@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


@attrs.frozen
class Repository:
    """A bare repository at `path`."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> "Repository":
        """An empty one."""
        path.mkdir(parents=True)
        repository = cls(path)
        repository.git("init", "--bare", "--initial-branch=main")
        return repository

    def git(self, *arguments: str, content: bytes = b"") -> str:
        """What a git command prints, without the last line feed."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=content,
            capture_output=True,
            check=False,
            env={**os.environ, **_IDENTITY},
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode().rstrip("\n")

    def blob(self, content: bytes | str) -> str:
        """The name of a stored file."""
        data = content.encode() if isinstance(content, str) else content
        return self.git("hash-object", "-w", "--stdin", content=data)

    def tree(self, *entries: tuple[str, bytes | str, str]) -> str:
        """The name of a stored tree of (mode, name, object), in this order and unchecked."""
        parts = [
            mode.encode() + b" " + (name.encode() if isinstance(name, str) else name) + b"\0" + bytes.fromhex(sha)
            for mode, name, sha in entries
        ]
        return self.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", content=b"".join(parts))

    def commit(self, tree: str, *parents: str) -> str:
        """The name of a stored commit."""
        return self.git("commit-tree", tree, "-m", "change", *(part for parent in parents for part in ("-p", parent)))

    def tag(self, name: str, target: str) -> None:
        """Point a lightweight tag at an object."""
        self.git("update-ref", f"refs/tags/{name}", target)

    def tag_files(self, name: str, files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None) -> str:
        """Tag a commit of flat files and links; its name."""
        entries = [("100644", path, self.blob(content)) for path, content in files.items()]
        entries += [("120000", path, self.blob(target)) for path, target in (links or {}).items()]
        commit = self.commit(self.tree(*sorted(entries, key=lambda entry: entry[1])))
        self.tag(name, commit)
        return commit

    def history(self, commits: int) -> str:
        """Make `main` a history of so many commits, each with its own content of one file, and tag the last `v1`."""
        stream: list[bytes] = []
        for number in range(commits):
            content = os.urandom(700).hex().encode()
            stream.append(
                b"commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 1\nc\n"
                b"M 100644 inline main.tf\ndata %d\n%s\n" % (1_700_000_000 + number, len(content), content)
            )
        self.git("fast-import", "--quiet", content=b"".join(stream))
        commit = self.git("rev-parse", "main")
        self.git("tag", "-a", "v1", "-m", "one", commit)
        return commit


def names(files: Sequence[object]) -> list[str]:
    """The paths of listed files."""
    return [str(getattr(file, "path", file)) for file in files]
