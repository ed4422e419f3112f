"""Uploads: rows 38 to 46 of chapter 02, section 19, and rows 2 to 4 of chapter 03, section 25."""

import asyncio
import gzip
import io
import tarfile
from collections.abc import AsyncIterator

import httpx
import pytest

from terrareg_core.modules.model import HostingMode, ModulePolicy, ReindexMode
from terrareg_http.settings import Settings
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, HOST, MAIN, MANAGED, MODULES, NAMESPACES, Served, module_zip, scope_of
from tests.integration.http.test_namespaces import is_domain_error

ADDRESS = "acme/net/aws/1.2.0"
UPLOAD = f"{MANAGED}/{ADDRESS}/upload"
BOUNDARY = b"multipart/form-data; boundary=cut"


def tar_gz() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("main.tf")
        info.size = len(MAIN)
        archive.addfile(info, io.BytesIO(MAIN.encode()))
    return gzip.compress(buffer.getvalue())


def form(*parts: tuple[bytes, bytes], end: bytes = b"--cut--\r\n") -> bytes:
    """A multipart body; each part is the value of its Content-Disposition and its content."""
    return (
        b"".join(b"--cut\r\nContent-Disposition: " + head + b"\r\n\r\n" + body + b"\r\n" for head, body in parts) + end
    )


def send(served: Served, body: bytes, content_type: bytes = BOUNDARY) -> httpx.Response:
    return served.request("POST", UPLOAD, headers=ADMIN | {"Content-Type": content_type.decode()}, content=body)


def test_an_upload_makes_namespace_module_provider_and_version(empty: Served) -> None:
    answer = empty.upload(ADDRESS)
    assert (answer.status_code, answer.json()) == (200, {"status": "Success"})
    assert empty.get(f"{MODULES}/acme/net/aws").json()["version"] == "1.2.0"


@pytest.mark.parametrize("name", ["m.tar.gz", "m.rar", "m", ""])
def test_a_zip_under_another_name_is_refused(empty: Served, name: str) -> None:
    answer = send(empty, form((b'form-data; name="f"; filename="' + name.encode() + b'"', module_zip())))
    assert answer.status_code == 400
    assert is_domain_error(answer.json())


def test_a_gzipped_tar_is_taken_in_any_casing(empty: Served) -> None:
    assert empty.upload(ADDRESS, tar_gz(), "M.TGZ").json() == {"status": "Success"}


def test_any_field_name_and_other_fields_are_taken(empty: Served) -> None:
    body = form((b'form-data; name="x"', b"y"), (b'form-data; name="any"; filename="m.zip"', module_zip()))
    assert send(empty, body).status_code == 200


@pytest.mark.parametrize("count", [0, 2, 3])
def test_anything_but_one_file_is_refused(empty: Served, count: int) -> None:
    parts = [(b'form-data; name="f"; filename="m.zip"', module_zip())] * count
    answer = send(empty, form((b'form-data; name="x"', b"y"), *parts))
    assert answer.status_code == 400
    assert is_domain_error(answer.json())
    assert empty.get(NAMESPACES).json() == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", b"multipart/form-data"),
        (b"", b"multipart/form-data; boundary="),
        (b"", BOUNDARY),
        (b"nonsense", BOUNDARY),
        (b"", b"multipart/form-data; boundary=" + b"x" * 1000),
        (b"{}", b"application/json"),
        (module_zip(), b"application/zip"),
        (form((b'form-data; name="f"; filename="m.zip"', module_zip()), end=b""), BOUNDARY),
        (form((b'form-data; name="f"', b"x" * 100_000)), BOUNDARY),
        (form(*[(b'form-data; name="f"', b"x")] * 100), BOUNDARY),
        (b"--cut\r\n" + b"X-Long: " + b"y" * 100_000, BOUNDARY),
        (form((b"form-data", module_zip())), BOUNDARY),
        (form((b'form-data; filename="\xff\xfe"', module_zip())), BOUNDARY),
    ],
)
def test_what_is_no_upload_is_refused(empty: Served, body: bytes, content_type: bytes) -> None:
    answer = send(empty, body, content_type)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())


def test_a_body_that_breaks_off_leaves_nothing(empty: Served) -> None:
    body = form((b'form-data; name="f"; filename="m.zip"', module_zip()))
    headers = [(b"content-type", BOUNDARY), (b"x-terrareg-apikey", b"admin-key")]
    part = {"type": "http.request", "body": body[:60], "more_body": True}
    assert empty.asgi(scope_of("POST", UPLOAD.encode(), headers), [part]) == []
    assert empty.get(NAMESPACES).json() == []


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_beyond_the_bound_is_refused(open_empty: Open, chunked: bool) -> None:
    served = open_empty(Settings(upload_max_bytes=10_000))
    body = form((b'form-data; name="f"; filename="m.zip"', b"x" * 2_000_000))

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    headers = ADMIN | {"Content-Type": BOUNDARY.decode()}
    answer = served.request("POST", UPLOAD, headers=headers, content=chunks() if chunked else body)
    assert answer.status_code == 413
    assert is_domain_error(answer.json())
    assert served.upload(ADDRESS).status_code == 200


@pytest.mark.parametrize("declared", [b"99999999999999999999999", b"-5", b"x", b"1"])
def test_a_wrong_declared_length_does_no_harm(empty: Served, declared: bytes) -> None:
    body = form((b'form-data; name="f"; filename="m.zip"', module_zip()))
    headers = [(b"content-type", BOUNDARY), (b"x-terrareg-apikey", b"admin-key"), (b"content-length", declared)]
    message = {"type": "http.request", "body": body, "more_body": False}
    start, *_ = empty.asgi(scope_of("POST", UPLOAD.encode(), headers), [message])
    assert start["status"] == (413 if len(declared) > 10 else 200)


def test_a_refused_upload_is_not_even_received(empty: Served) -> None:
    received: list[bytes] = []

    async def chunks() -> AsyncIterator[bytes]:
        received.append(b"read")
        yield b"x"

    for headers, path, status in (
        ({}, UPLOAD, 401),
        ({"X-Terrareg-ApiKey": "publish-key"}, UPLOAD, 403),
        (ADMIN, UPLOAD.replace("1.2.0", "abc"), 400),
        (ADMIN, UPLOAD.replace("/net/", "/n/"), 400),
    ):
        sent = {**headers, "Content-Type": BOUNDARY.decode()}
        assert empty.request("POST", path, headers=sent, content=chunks()).status_code == status
    assert received == []


def test_without_hosting_nothing_can_be_uploaded(open_empty: Open) -> None:
    answer = open_empty(modules=ModulePolicy(hosting=HostingMode.DISALLOW)).upload("nope/net/aws/1.0.0")
    assert (answer.status_code, answer.json()) == (400, {"message": "Module upload is disabled."})


def test_parents_that_are_not_to_be_made_are_missed(open_empty: Open) -> None:
    answer = open_empty(modules=ModulePolicy(auto_create_namespace=False)).upload(ADDRESS)
    assert (answer.status_code, answer.json()) == (400, {"message": "Namespace does not exist"})
    served = open_empty(modules=ModulePolicy(auto_create_module_provider=False))
    answer = served.upload(ADDRESS)
    assert (answer.status_code, answer.json()) == (400, {"message": "Module provider does not exist"})
    assert served.get(NAMESPACES).json() == []


def test_hostile_and_broken_archives_change_nothing(empty: Served) -> None:
    empty.upload(ADDRESS)
    before = empty.get(f"{MANAGED}/{ADDRESS}/source.zip").content
    broken_source = empty.upload(ADDRESS, module_zip({"main.tf": 'var "test" {'}))
    broken_metadata = empty.upload(ADDRESS, module_zip({"main.tf": MAIN, "terrareg.json": "{"}))
    for answer in (
        empty.upload(ADDRESS, module_zip({"../evil": "x"})),
        empty.upload(ADDRESS, b"just text", "a.zip"),
        broken_metadata,
        broken_source,
    ):
        assert answer.status_code == 400
        assert is_domain_error(answer.json())
    assert "main.tf" in broken_source.json()["message"]
    assert empty.get(f"{MANAGED}/{ADDRESS}/source.zip").content == before


def test_a_version_is_never_replaced_where_that_is_prohibited(open_empty: Open) -> None:
    served = open_empty(modules=ModulePolicy(reindex_mode=ReindexMode.PROHIBIT))
    assert served.upload(ADDRESS).status_code == 200
    answer = served.upload(ADDRESS)
    assert answer.status_code == 400
    assert is_domain_error(answer.json())


def test_the_latest_version_follows_publishing(open_empty: Open) -> None:
    served = open_empty(modules=ModulePolicy(auto_publish=False))

    def latest() -> str | None:
        answer = served.get(f"{MODULES}/acme/net/aws")
        return answer.json()["version"] if answer.status_code == 200 else None

    for version in ("1.0.0", "1.2.0"):
        served.upload(f"acme/net/aws/{version}")
    seen = [latest()]
    for version in ("1.0.0", "1.2.0"):
        served.post(f"{MANAGED}/acme/net/aws/{version}/publish")
        seen.append(latest())
    served.upload("acme/net/aws/1.2.0")
    seen.append(latest())
    served.upload("acme/net/aws/1.3.0-beta")
    served.post(f"{MANAGED}/acme/net/aws/1.3.0-beta/publish")
    seen.append(latest())
    assert seen == [None, "1.0.0", "1.2.0", "1.0.0", "1.0.0"]


def test_parallel_uploads_of_one_version_leave_one_version(empty: Served) -> None:
    async def together() -> list[httpx.Response]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(empty.app), base_url=f"https://{HOST}", headers=ADMIN
        ) as client:
            files = [{"f": ("m.zip", module_zip())} for _ in range(3)]
            return await asyncio.gather(*(client.post(UPLOAD, files=file) for file in files))

    for answer in empty.run(together()):
        assert answer.status_code == 200 or is_domain_error(answer.json())
    (module,) = empty.get(f"{MODULES}/acme/net/aws/versions").json()["modules"]
    assert [item["version"] for item in module["versions"]] == ["1.2.0"]
