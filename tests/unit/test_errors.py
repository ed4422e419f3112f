"""The error family survives the way between processes, whatever each member is made of."""

import pickle

import pytest

from terrareg_core.errors import (
    InvalidArgument,
    InvalidRequest,
    InvalidSource,
    NamespaceNotFound,
    RegistryError,
    UploadDisabled,
)


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest("Say more"),
        InvalidSource("main.tf", 3, "it is broken"),
        InvalidArgument("limit", "Give a number"),
        NamespaceNotFound(),
        UploadDisabled(),
    ],
)
def test_a_copy_says_what_the_original_says(error: RegistryError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_a_refusal_of_a_source_names_file_line_and_reason_in_under_4000_bytes() -> None:
    assert InvalidSource("main.tf", 3, "it is broken").message == "main.tf:3: it is broken"
    assert InvalidSource("main.tf", None, "it is broken").message == "main.tf: it is broken"
    assert len(InvalidSource("main.tf", 3, "x" * 10_000).message) < 4000
