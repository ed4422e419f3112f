"""Hosted archives: whole, in part, only if changed, and by key (chapter 01, 5.8; row 28 of its section 10)."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest

from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.modules.model import HostingMode, ModulePolicy
from tests.integration.http.conftest import DEPLOYMENT, Open
from tests.integration.http.serving import ADMIN, MANAGED, MODULES, Served, scope_of

ARCHIVE = f"{MANAGED}/acme/vpc/aws/1.10.0/source.zip"


def test_an_archive_is_sent_whole_with_its_digest(shared: Served) -> None:
    answer = shared.get(ARCHIVE)
    assert answer.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == "inline; filename=source.zip"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'


def test_head_tells_the_same_without_the_body(shared: Served) -> None:
    whole, looked = shared.get(ARCHIVE), shared.head(ARCHIVE)
    assert (looked.status_code, looked.content) == (200, b"")
    assert dict(looked.headers) == dict(whole.headers)


def test_an_unpublished_version_has_an_archive_too(shared: Served) -> None:
    assert shared.get(f"{MANAGED}/acme/vpc/aws/2.0.0/source.zip").status_code == 200


@pytest.mark.parametrize("address", ["acme/vpc/aws/any.key.text", "acme/vpc/aws/1.10.0/any.key"])
def test_on_an_open_registry_a_key_is_ignored(shared: Served, address: str) -> None:
    path = f"{MANAGED}/{address}/source.zip"
    expected = 200 if "1.10.0" in address else 400
    assert shared.get(path).status_code == expected


@pytest.mark.parametrize(
    ("ask", "start", "end"),
    [("0-9", 0, 10), ("5-5", 5, 6), ("10-", 10, None), ("-7", -7, None), ("3-99999999", 3, None)],
)
def test_a_range_is_sent_alone(shared: Served, ask: str, start: int, end: int | None) -> None:
    whole = shared.get(ARCHIVE).content
    answer = shared.get(ARCHIVE, headers={"Range": f"bytes={ask}"})
    expected = whole[start:end]
    first = start % len(whole)
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    assert answer.headers["content-length"] == str(len(expected))


@pytest.mark.parametrize("ask", ["bytes=0-1,3-4", "bytes=x-", "bytes=-", "bytes=9-3", "lines=1-2", "bytes", ""])
def test_what_is_no_single_range_is_answered_with_the_whole(shared: Served, ask: str) -> None:
    answer = shared.get(ARCHIVE, headers={"Range": ask})
    assert answer.status_code == 200
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("ask", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(shared: Served, ask: str) -> None:
    size = len(shared.get(ARCHIVE).content)
    answer = shared.get(ARCHIVE, headers={"Range": ask})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{size}"


def test_a_range_holds_only_for_the_same_archive(shared: Served) -> None:
    etag = shared.get(ARCHIVE).headers["etag"]
    same = shared.get(ARCHIVE, headers={"Range": "bytes=0-3", "If-Range": etag})
    other = shared.get(ARCHIVE, headers={"Range": "bytes=0-3", "If-Range": '"other"'})
    dated = shared.get(ARCHIVE, headers={"Range": "bytes=0-3", "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert [same.status_code, other.status_code, dated.status_code] == [206, 200, 200]


def test_an_archive_that_the_client_has_is_not_sent(shared: Served) -> None:
    etag = shared.get(ARCHIVE).headers["etag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = shared.get(ARCHIVE, headers={"If-None-Match": known, "Range": "bytes=0-3"})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert shared.get(ARCHIVE, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nope/vpc/aws/1.0.0", "Namespace does not exist"),
        ("tok__acme/vpc/aws/1.0.0", "Namespace does not exist"),
        ("acme/nope/aws/1.0.0", "Module provider does not exist"),
        ("acme/vpc/aws/9.9.9", "Module version does not exist"),
    ],
)
def test_what_is_missing_is_told(shared: Served, address: str, message: str) -> None:
    answer = shared.get(f"{MANAGED}/{address}/source.zip")
    assert (answer.status_code, answer.json()) == (400, {"message": message})


def test_a_version_that_is_none_is_refused(shared: Served) -> None:
    answer = shared.get(f"{MANAGED}/acme/vpc/aws/x/source.zip")
    assert (answer.status_code, answer.json()["status"]) == (400, "Error")


def test_without_hosting_there_are_no_archives(open_fixture: Open) -> None:
    served = open_fixture(modules=ModulePolicy(hosting=HostingMode.DISALLOW))
    answer = served.get(ARCHIVE)
    assert answer.status_code == 500
    assert list(answer.json()) == ["message"]


def test_on_a_closed_registry_the_key_in_the_download_address_opens_the_archive(open_fixture: Open) -> None:
    served = open_fixture(
        access=AccessPolicy(anonymous_access=False), secrets=DEPLOYMENT, archive_key_lifetime=timedelta(minutes=5)
    )
    granted = served.get(f"{MODULES}/tok__acme/vpc/aws/download", headers={"Authorization": "Bearer k1"})
    assert granted.status_code == 204
    address = granted.headers["x-terraform-get"]
    key = address.split("/")[-2]
    assert address == f"{MANAGED}/acme/vpc/aws/1.10.0/{key}/source.zip"

    assert served.head(address).status_code == served.get(address).status_code == 200
    assert served.get(f"{ARCHIVE}?presign={key}").status_code == 200
    assert served.get(f"{MANAGED}/acme/vpc/aws/1.10.0/wrong/source.zip?presign={key}").status_code == 200
    assert served.get(ARCHIVE, headers=ADMIN).status_code == 200
    for refused in (
        ARCHIVE,
        f"{ARCHIVE}?presign=",
        address.replace(key, key[:-2] + ("AA" if not key.endswith("AA") else "BB")),
        f"{address}?presign=wrong",
        address.replace("1.10.0", "1.2.0"),
        f"{MANAGED}/nope/vpc/aws/1.10.0/source.zip",
    ):
        answer = served.get(refused)
        assert answer.status_code == 403, refused
        assert list(answer.json()) == ["message"]
    assert served.get(ARCHIVE, headers={"Authorization": "Bearer k1"}).status_code == 403


def test_a_key_expires(open_fixture: Open) -> None:
    served = open_fixture(
        access=AccessPolicy(anonymous_access=False), secrets=DEPLOYMENT, archive_key_lifetime=timedelta(seconds=-1)
    )
    granted = served.get(f"{MODULES}/tok__acme/vpc/aws/download", headers={"Authorization": "Bearer k1"})
    assert served.get(granted.headers["x-terraform-get"]).status_code == 403


def test_fetching_an_archive_is_not_recorded(full: Served) -> None:
    full.get(ARCHIVE)
    assert full.downloads("acme/vpc/aws", "1.10.0") == []


def test_a_client_that_leaves_during_an_archive_does_no_harm(shared: Served) -> None:
    sent = shared.asgi(scope_of("GET", ARCHIVE.encode()))
    assert all(message["type"].startswith("http.response") for message in sent)
    assert shared.get(ARCHIVE).status_code == 200
