"""The refs of tags: their names as texts and as bytes, and the objects that they name."""

import re

from dulwich.objects import ObjectID
from dulwich.refs import Ref

from terrareg_core.errors import SourceUnavailable

TAGS = b"refs/tags/"

_SHA1 = re.compile(rb"[0-9a-f]{40}")


def ref_of(tag: str) -> Ref:
    """The full name of the ref of a tag, as git stores it; bytes that are not UTF-8 are surrogates in `tag` (PEP 383).

    Not every text makes a ref that git accepts.
    """
    return Ref(TAGS + tag.encode("utf-8", "surrogateescape"))


def tag_of(ref: Ref) -> str:
    """The way back from `ref_of`."""
    return ref.removeprefix(TAGS).decode("utf-8", "surrogateescape")


def is_sha1(name: ObjectID) -> bool:
    """Whether an object is named by SHA-1, as all are that can be fetched."""
    return _SHA1.fullmatch(name) is not None


def require_sha1(name: ObjectID) -> ObjectID:
    """`name` itself. Raises SourceUnavailable unless it is one by SHA-1."""
    if not is_sha1(name):
        raise SourceUnavailable("The repository names its objects by SHA-256, which is not supported")
    return name
