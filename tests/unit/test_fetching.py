"""Which repositories may be fetched, how their URLs are read, and who gets credentials."""

import string
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from terrareg_adapters.memory.fetching import MemoryResolver
from terrareg_core.errors import ForbiddenRepository
from terrareg_core.modules.fetching import (
    GitCredentials,
    GitPolicy,
    RepositoryLocation,
    RepositoryUrl,
    check_repository,
    is_internal,
    parse_host,
    without_user_info,
)

OPERATORS = GitCredentials("robot", "secret")


def _parse(url: str, trusted: bool = False) -> RepositoryUrl:
    return RepositoryUrl.parse(RepositoryLocation(url, trusted=trusted))


def _check(url: str, policy: GitPolicy | None = None, **names: str) -> RepositoryUrl:
    resolver = MemoryResolver({name.replace("_", "."): [address] for name, address in names.items()})
    return check_repository(RepositoryLocation(url), policy or GitPolicy(), resolver)


# --- URLs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://git.example/a/b.git", RepositoryUrl("https", "git.example", None, "/a/b.git")),
        ("git::https://git.example/a", RepositoryUrl("https", "git.example", None, "/a")),
        ("HTTP://GIT.example.:8080/A?b=c", RepositoryUrl("http", "git.example", 8080, "/A", "b=c")),
        ("https://u%40x:p%2F@h/a", RepositoryUrl("https", "h", None, "/a", user_info=GitCredentials("u@x", "p/"))),
        ("https://h:/a%20b", RepositoryUrl("https", "h", None, "/a%20b")),
        ("https://[2001:DB8::1]:8443/a", RepositoryUrl("https", "2001:db8::1", 8443, "/a")),
        ("ssh://git@h:7999/a%20b?c", RepositoryUrl("ssh", "h", 7999, "/a b?c", user_info=GitCredentials("git"))),
        ("ssh://git:ignored@h/~/a", RepositoryUrl("ssh", "h", None, "/~/a", user_info=GitCredentials("git"))),
        ("https://0x08.0x08.2056/x", RepositoryUrl("https", "8.8.8.8", None, "/x")),
    ],
)
def test_the_parts_of_a_custom_url(url: str, parts: RepositoryUrl) -> None:
    assert _parse(url) == parts


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("git@h:a/b.git", RepositoryUrl("ssh", "h", None, "a/b.git", user_info=GitCredentials("git"))),
        ("h:a b", RepositoryUrl("ssh", "h", None, "a b")),
        ("https:/h/a", RepositoryUrl("ssh", "https", None, "/h/a")),
        ("git@[2001:db8::1]:a", RepositoryUrl("ssh", "2001:db8::1", None, "a", user_info=GitCredentials("git"))),
        ("/srv/git/a", RepositoryUrl("file", "", None, "/srv/git/a")),
        ("file:///srv/a%20b", RepositoryUrl("file", "", None, "/srv/a b")),
        ("git://h/a", RepositoryUrl("git", "h", None, "/a")),
    ],
)
def test_forms_that_only_the_operator_may_use(url: str, parts: RepositoryUrl) -> None:
    assert _parse(url, trusted=True) == parts
    with pytest.raises(ForbiddenRepository):
        _parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relative/path",
        "ext::sh -c x",
        "ftp://h/a",
        "javascript://h/a",
        "https://",
        "https:///a",
        "https://h",
        "https://h?a/b",
        "https://h#/a",
        "https://h:0/a",
        "https://h:65536/a",
        "https://h:80:80/a",
        "https://h\\@evil/a",
        "https://good@evil@h/a",
        "https://h%2e/a",
        "https://h%00/a",
        "https://\uff48/a",
        "https://127\u30020\u30020\u30021/a",
        "https://h\n/a",
        " https://h/a",
        "https://h /a",
        "https://-h/a",
        "https://h-/a",
        "https://h..x/a",
        "https://.h/a",
        "https://[::1/a",
        "https://[fe80::1%25eth0]/a",
        "https://[::1]x/a",
        "https://::1/a",
        "https://1.2.3.4.5/a",
        "https://256.1/a",
        "https://0x1ffffffff/a",
        "https://09.1/a",
        "https://a.0x7f/a",
        "ssh://-oX=y@h/a",
        "ssh://$(x)@h/a",
        "ssh://h/a%00",
        "https://u%0d%0ax@h/a",
        "https://" + "h" * 300 + "/a",
        "https://h/" + "a" * 5000,
    ],
)
@pytest.mark.parametrize("trusted", [False, True])
def test_urls_that_can_be_read_in_two_ways_or_in_none_are_refused(url: str, trusted: bool) -> None:
    with pytest.raises(ForbiddenRepository):
        _parse(url, trusted)


_PIECES = st.lists(
    st.sampled_from(
        (
            *("https://", "ssh://", "git::", "file://", "@", ":", "/", "[", "]", "::1", "127.1", "%", "%00", "\\", "?"),
            *("#", "localhost", "h.example", "0x", "-", ".", "\n", "é", "\ud800", "1", " "),
        )
    ),
    max_size=10,
).map("".join)


@given(st.one_of(st.text(max_size=40), _PIECES), st.booleans())
@example("https://[::ffff:1.2.3.4%1]/x", False)
def test_reading_a_url_ends_with_parts_or_the_one_refusal(url: str, trusted: bool) -> None:
    try:
        parts = _parse(url, trusted)
    except ForbiddenRepository:
        return
    assert parts.path
    assert parts.scheme == "file" or parse_host(f"[{parts.host}]" if ":" in parts.host else parts.host) == parts.host


# --- hosts and addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7F.0.0.1",
        "0177.0.0.01",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "0.1.2.3",
        "localhost",
        "LocalHost.",
        "a.localhost",
        "169.254.169.254",
        "2852039166",
        "100.100.100.200",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
    ],
)
def test_a_host_of_this_machine_or_link_is_refused_however_it_is_spelt(host: str) -> None:
    for scheme in ("https", "http", "ssh"):
        with pytest.raises(ForbiddenRepository, match="GIT_ALLOWED_HOSTS"):
            _check(f"{scheme}://{host}/a")


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "8.8.8.8", "[2001:db8::1]", "git.example", "localhost.example"]
)
def test_other_hosts_pass(host: str) -> None:
    assert _check(f"https://{host}/a").host == host.strip("[]")


def test_a_name_is_judged_by_its_addresses_and_accepted_without_any() -> None:
    with pytest.raises(ForbiddenRepository, match=r"rebound\.example"):
        _check("https://rebound.example/a", rebound_example="127.0.0.1")
    assert _check("https://fine.example/a", fine_example="203.0.113.1").host == "fine.example"
    assert _check("https://unknown.example/a").host == "unknown.example"


def test_with_listed_hosts_only_these_may_be_named_whatever_their_address() -> None:
    policy = GitPolicy(allowed_hosts=["Git.Internal.", "::1", "127.1"])
    assert _check("https://git.internal/a", policy, git_internal="127.0.0.1").host == "git.internal"
    assert _check("https://[::1]/a", policy).host == "::1"
    assert _check("https://2130706433/a", policy).host == "127.0.0.1"
    with pytest.raises(ForbiddenRepository, match="not among those"):
        _check("https://github.com/a", policy)


def test_the_operators_own_url_may_lead_anywhere() -> None:
    for url in ("https://localhost/a", "file:///srv/a", "git@127.0.0.1:a"):
        location = RepositoryLocation(url, trusted=True)
        check_repository(location, GitPolicy(allowed_hosts=["other.example"]), MemoryResolver())


def test_a_redirect_of_the_operators_host_is_not_the_operators_word() -> None:
    policy = GitPolicy()
    location = RepositoryLocation("https://localhost/a", trusted=True)
    rule = policy.rule_for(location, RepositoryUrl.parse(location))
    rule.require_name("localhost")
    with pytest.raises(ForbiddenRepository):
        rule.require_name("127.0.0.1")
    with pytest.raises(ForbiddenRepository):
        rule.require_addresses("other.example", [ip_address("127.0.0.1")])


@given(st.ip_addresses(v=4))
def test_an_address_inside_an_ipv6_address_is_judged_as_by_itself(address: object) -> None:
    inner = ip_address(str(address))
    for written in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
        assert is_internal(ip_address(written)) == is_internal(inner)


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_the_same_host(address: object) -> None:
    text = str(address)
    number = int(ip_address(text))
    parts = [int(part) for part in text.split(".")]
    octal, hexadecimal = ".".join(f"0{part:o}" for part in parts), ".".join(f"0x{part:x}" for part in parts)
    short = f"{parts[0]}.{number & 0xFFFFFF}"
    for spelling in (text, str(number), hex(number).upper(), octal, hexadecimal, short, f"{text}."):
        assert parse_host(spelling) == text


@given(st.text(alphabet=string.ascii_letters + string.digits + ".-_", max_size=20))
def test_the_spelling_of_a_host_is_settled_at_once(text: str) -> None:
    try:
        host = parse_host(text)
    except ForbiddenRepository:
        return
    assert parse_host(host) == host == host.lower()


# --- policy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git.example/a", OPERATORS),
        ("http://u:p@GIT.example.:8080/a", OPERATORS),
        ("https://other.example/a", None),
        ("https://u:p@other.example/a", GitCredentials("u", "p")),
        ("https://git.example.evil.example/a", None),
        ("https://git.example@other.example/a", GitCredentials("git.example")),
        ("ssh://me@git.example/a", GitCredentials("me")),
    ],
)
def test_the_operators_credentials_are_for_listed_hosts_over_http(url: str, expected: GitCredentials | None) -> None:
    policy = GitPolicy(credentials=OPERATORS, credential_hosts=["git.example"])
    location = RepositoryLocation(url)
    assert policy.credentials_for(location, RepositoryUrl.parse(location)) == expected


def test_empty_credentials_change_nothing() -> None:
    location = RepositoryLocation("https://u:p@git.example/a")
    policy = GitPolicy(credentials=GitCredentials(), credential_hosts=["git.example"])
    assert policy.credentials_for(location, RepositoryUrl.parse(location)) == GitCredentials("u", "p")


def test_credentials_of_a_location_come_first() -> None:
    own = GitCredentials("x-access-token", "t")
    location = RepositoryLocation("https://u:p@git.example/a", credentials=own)
    policy = GitPolicy(credentials=OPERATORS, credential_hosts=["git.example"])
    assert policy.credentials_for(location, RepositoryUrl.parse(location)) == own


def test_nothing_that_is_printed_holds_credentials() -> None:
    location = RepositoryLocation("https://us3r:pa55@h/a", credentials=GitCredentials("us3r", "pa55"))
    policy = GitPolicy(credentials=GitCredentials("us3r", "pa55"), credential_hosts=["h"])
    for value in (location, policy, RepositoryUrl.parse(location), without_user_info("https://us3r:pa55@h/a")):
        assert "us3r" not in repr(value)
        assert "pa55" not in repr(value)


@pytest.mark.parametrize("value", [0, -1])
def test_bounds_of_nothing_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="timeout_seconds"):
        GitPolicy(timeout_seconds=value)
    with pytest.raises(ValueError, match="max_bytes"):
        GitPolicy(max_bytes=value)


def test_a_host_list_with_what_is_no_host_is_refused() -> None:
    with pytest.raises(ForbiddenRepository):
        GitPolicy(allowed_hosts=["https://git.example"])
