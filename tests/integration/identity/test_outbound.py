"""The bounded HTTP client, against servers on real sockets that do what they should not."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
import trustme

from terrareg_adapters.identity.outbound import Answer, Outbound, json_object
from terrareg_core.errors import SignInUnavailable
from tests.integration.git.hosts import never_answer, raw_host
from tests.integration.servers import free_port

_KIB = 1 << 10


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    with closing(Outbound(timeout=30, max_bytes=64 * _KIB)) as client:
        yield client


@pytest.fixture
def hasty() -> Iterator[Outbound]:
    with closing(Outbound(timeout=0.3)) as client:
        yield client


def _saying(*pieces: bytes, heard: list[bytes] | None = None) -> Callable[[socket.socket, threading.Event], None]:
    """A server that reads one request, whose content ends in `;` if it has any, and sends `pieces`."""

    def talk(connection: socket.socket, _over: threading.Event) -> None:
        request = b""
        while b"\r\n\r\n" not in request or (request.startswith(b"POST") and not request.endswith(b"%3B")):
            request += connection.recv(65536)
        if heard is not None:
            heard.append(request)
        connection.sendall(b"".join(pieces))

    return talk


def _answer(*lines: bytes, body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"Content-Length: %d" % len(body), b"", body])


def test_an_answer_has_its_status_its_media_type_and_its_content(outbound: Outbound) -> None:
    heard: list[bytes] = []
    said = _answer(b"Content-Type: Application/JSON; charset=utf-8", body=b'{"a": 1}', status=b"400 Bad Request")
    with raw_host(_saying(said, heard=heard)) as port:
        answer = outbound.get(f"http://127.0.0.1:{port}/x?y=z", headers={"Authorization": "Bearer t0ken"})
    assert answer == Answer(400, "application/json", b'{"a": 1}')
    assert json_object(answer) == {"a": 1}
    assert heard[0].startswith(b"GET /x?y=z HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer t0ken\r\n" in heard[0]


def test_an_answer_does_not_show_its_content_when_it_is_printed() -> None:
    assert "s3cret" not in repr(Answer(200, "application/json", b"s3cret"))


def test_a_form_is_sent_as_a_form(outbound: Outbound) -> None:
    heard: list[bytes] = []
    with raw_host(_saying(_answer(), heard=heard)) as port:
        assert outbound.post_form(f"http://localhost:{port}/token", {"code": "a b&c", "end": ";"}).status == 200
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded" in head
    assert body == b"code=a+b%26c&end=%3B"


@pytest.mark.parametrize(
    ("url", "situation"),
    [
        ("http://idp.example.com/x", "idp.example.com may only be asked over https"),
        ("http://127.0.0.1.example.com/", "may only be asked over https"),
        ("http://localhost@idp.example.com/", "idp.example.com may only be asked over https"),
        ("ftp://127.0.0.1/", "no https URL"),
        ("file:///etc/passwd", "no https URL"),
        ("/relative", "no https URL"),
        ("https://", "no https URL"),
        ("", "no https URL"),
        ("https://a:b:c/", "not a URL"),
        ("https://idp.example.com/\ud800", "not a URL"),
        ("https://idp.example.com/\n", "not a URL"),
    ],
)
def test_only_https_urls_are_asked(outbound: Outbound, url: str, situation: str) -> None:
    with pytest.raises(SignInUnavailable, match=situation):
        outbound.get(url)
    with pytest.raises(SignInUnavailable, match=situation):
        outbound.post_form(url, {})


def test_a_host_that_does_not_listen_or_has_no_address_is_unavailable(outbound: Outbound) -> None:
    with pytest.raises(SignInUnavailable, match=r"host 127\.0\.0\.1 can't be reached"):
        outbound.get(f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(SignInUnavailable, match=r"host idp\.invalid can't be reached"):
        outbound.get("https://idp.invalid/")


def test_no_redirect_is_followed(outbound: Outbound) -> None:
    followed: list[bytes] = []
    with (
        raw_host(_saying(_answer(), heard=followed)) as target,
        raw_host(_saying(_answer(b"Location: http://127.0.0.1:%d/" % target, status=b"302 Found"))) as port,
        pytest.raises(SignInUnavailable, match="redirects"),
    ):
        outbound.get(f"http://127.0.0.1:{port}/")
    assert followed == []


@pytest.mark.parametrize(
    "pieces",
    [
        (_answer(body=bytes(64 * _KIB + 1)),),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"4000\r\n" + bytes(0x4000) + b"\r\n"] * 5),
    ],
    ids=["announced", "in chunks"],
)
def test_an_answer_of_too_many_bytes_is_refused(outbound: Outbound, pieces: tuple[bytes, ...]) -> None:
    with raw_host(_saying(*pieces)) as port, pytest.raises(SignInUnavailable, match="more than 65536 bytes"):
        outbound.get(f"http://127.0.0.1:{port}/")


def test_an_answer_of_just_as_many_bytes_as_may_be_is_taken(outbound: Outbound) -> None:
    with raw_host(_saying(_answer(body=bytes(64 * _KIB)))) as port:
        assert outbound.get(f"http://127.0.0.1:{port}/").body == bytes(64 * _KIB)


def test_an_endless_answer_is_not_waited_for(outbound: Outbound) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.is_set():
            connection.sendall(bytes(_KIB))

    with raw_host(talk) as port, pytest.raises(SignInUnavailable, match="more than 65536 bytes"):
        outbound.get(f"http://127.0.0.1:{port}/")


def test_an_endless_head_is_not_waited_for(outbound: Outbound) -> None:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.is_set():
            connection.sendall(b"X-Filler: " + bytes(_KIB).replace(b"\0", b"x") + b"\r\n")

    with raw_host(talk) as port, pytest.raises(SignInUnavailable, match="broke off"):
        outbound.get(f"http://127.0.0.1:{port}/")


def test_a_compressed_answer_is_refused(outbound: Outbound) -> None:
    with (
        raw_host(_saying(_answer(b"Content-Encoding: gzip", body=b"\x1f\x8b"))) as port,
        pytest.raises(SignInUnavailable, match="compresses"),
    ):
        outbound.get(f"http://127.0.0.1:{port}/")


def _trickle(start: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """A server that sends `start`, then a byte every twentieth of a second."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.wait(0.05):
            connection.sendall(b"a")

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        never_answer,
        _trickle(b"HTTP/1.1 200 OK\r\nX-Head: "),
        _trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
        _trickle(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
    ids=["silent", "head byte by byte", "content byte by byte", "chunk size byte by byte"],
)
def test_the_whole_of_an_answer_has_one_time_limit(
    hasty: Outbound, talk: Callable[[socket.socket, threading.Event], None]
) -> None:
    with raw_host(talk) as port, pytest.raises(SignInUnavailable, match="did not answer in time"):
        hasty.get(f"http://127.0.0.1:{port}/")


def test_a_server_that_never_shakes_hands_runs_into_the_time_limit(hasty: Outbound) -> None:
    with raw_host(never_answer) as port, pytest.raises(SignInUnavailable, match="did not answer in time"):
        hasty.get(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_server_that_speaks_no_proper_http_is_unavailable(outbound: Outbound, said: bytes) -> None:
    with raw_host(_saying(said)) as port, pytest.raises(SignInUnavailable, match="broke off"):
        outbound.get(f"http://127.0.0.1:{port}/")


def test_cookies_are_neither_kept_nor_sent(outbound: Outbound) -> None:
    heard: list[bytes] = []
    with raw_host(_saying(_answer(b"Set-Cookie: who=alice; Path=/"), heard=heard)) as port:
        for _ in range(2):
            outbound.get(f"http://127.0.0.1:{port}/")
    assert len(heard) == 2
    assert b"alice" not in heard[1]


def test_a_loopback_host_is_asked_directly_whatever_proxy_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxied: list[bytes] = []
    with (
        raw_host(_saying(_answer(status=b"502 Bad Gateway"), heard=proxied)) as proxy,
        raw_host(_saying(_answer(body=b"direct"))) as port,
    ):
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        monkeypatch.setenv("no_proxy", "")
        with closing(Outbound(timeout=30)) as outbound:
            assert outbound.get(f"http://127.0.0.1:{port}/").body == b"direct"
            assert outbound.get(f"http://localhost:{port}/").body == b"direct"
            assert proxied == []
            with pytest.raises(SignInUnavailable, match=r"host idp\.example\.com can't be reached"):
                outbound.get("https://idp.example.com/")
    assert proxied[0].startswith(b"CONNECT idp.example.com:443 HTTP/1.1\r\n")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _over_tls(authority: trustme.CA, name: str) -> Callable[[socket.socket, threading.Event], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def talk(connection: socket.socket, over: threading.Event) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as safe:
            _saying(_answer(body=b"safe"))(safe, over)

    return talk


def test_a_certificate_must_be_trusted_and_the_hosts_own(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outbound: Outbound
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with closing(Outbound(timeout=30)) as trusting:
        with raw_host(_over_tls(authority, "localhost")) as port:
            assert trusting.get(f"https://localhost:{port}/").body == b"safe"
            with pytest.raises(SignInUnavailable, match="host localhost has no certificate that is trusted"):
                outbound.get(f"https://localhost:{port}/")
        with (
            raw_host(_over_tls(authority, "other.example")) as port,
            pytest.raises(SignInUnavailable, match="host localhost has no certificate that is trusted"),
        ):
            trusting.get(f"https://localhost:{port}/")


def test_many_threads_are_served_at_once_and_a_slow_server_keeps_none_of_them_waiting(outbound: Outbound) -> None:
    with (
        raw_host(never_answer) as slow,
        raw_host(_saying(_answer(body=b"quick"))) as quick,
        ThreadPoolExecutor(9) as threads,
        closing(Outbound(timeout=2)) as other,
    ):
        waiting = threads.submit(other.get, f"http://127.0.0.1:{slow}/")
        answers = list(threads.map(other.get, [f"http://127.0.0.1:{quick}/"] * 8))
        assert {answer.body for answer in answers} == {b"quick"}
        with pytest.raises(SignInUnavailable, match="did not answer"):
            waiting.result()


def test_closing_ends_what_is_under_way_and_refuses_what_comes_later(outbound: Outbound) -> None:
    arrived = threading.Event()

    def talk(_connection: socket.socket, over: threading.Event) -> None:
        arrived.set()
        over.wait()

    with raw_host(talk) as port, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(outbound.get, f"http://127.0.0.1:{port}/")
        assert arrived.wait(30)
        outbound.close()
        outbound.close()
        with pytest.raises(SignInUnavailable):
            waiting.result()
        with pytest.raises(SignInUnavailable, match="shutting down"):
            outbound.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html", b"{}"),
        ("", b"{}"),
        ("application/jwt", b"{}"),
        ("application/json", b""),
        ("application/json", b"[]"),
        ("application/json", b'"text"'),
        ("application/json", b"{"),
        ("application/json", b'{"a": "\xff"}'),
        ("application/json", b'{"exp": NaN}'),
        ("application/json", b'{"exp": -Infinity}'),
        ("application/json", b'{"exp": 1e999}'),
        ("application/json", b'{"exp": ' + b"9" * 10_000 + b"}"),
        ("application/json", b'{"a": ' + b"[" * 200_000),
    ],
)
def test_what_is_no_json_object_is_refused(media_type: str, body: bytes) -> None:
    with pytest.raises(SignInUnavailable, match="status 200 and no JSON object"):
        json_object(Answer(200, media_type, body))


def test_json_objects_of_special_media_types_are_read() -> None:
    assert json_object(Answer(200, "application/jwk-set+json", b'{"keys": [], "n": 1.5}')) == {"keys": [], "n": 1.5}
