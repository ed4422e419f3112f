"""How snippets call a module: versions, sources, and the lines that say so (chapter 03, 13; chapter 01, 6.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.slots import SourceSlot, cut_sources, fill
from terrareg_core.modules.snippets import (
    SnippetPolicy,
    VersionSnippets,
    VersionTemplate,
    registry_source,
    render_source,
    version_comments,
)
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.versions import Version
from tests.unit.strategies import version_texts

NET = ModuleProviderId.parse("acme/net/aws")
VERSION = Version.parse("1.2.0")
HTTPS = PublicAddress("https", "reg.example.com", 443)
HTTP = PublicAddress("http", "reg.example.com", 5000)
PESSIMISTIC = SnippetPolicy(version_template=VersionTemplate(">= {major}.{minor}.{patch}, < {major_plus_one}.0.0"))


def snippets(
    policy: SnippetPolicy = PESSIMISTIC,
    public_address: PublicAddress = HTTPS,
    *,
    version: str = "1.2.0",
    published: bool = True,
    is_latest: bool = True,
) -> VersionSnippets:
    return VersionSnippets(policy, public_address, NET, Version.parse(version), published, is_latest)


# --- versions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "version", "expected"),
    [
        ("{major}.{minor}.{patch}", "1.2.3", "1.2.3"),
        ("<= {major_plus_one}.{minor_plus_one}.{patch_plus_one}", "1.5.0", "<= 2.6.1"),
        (">= {major_minus_one}.{minor_minus_one}.{patch_minus_one}", "0.0.0", ">= 0.0.0"),
        (">= {major_minus_one}.{minor_minus_one}.{patch_minus_one}", "2.0.5", ">= 1.0.4"),
        ("~> {major}.0", "1.2.3", "~> 1.0"),
        ("1.0.0", "1.2.3", "1.0.0"),
        ("{major}.{minor}.{patch}", "01.2.3", "1.2.3"),
    ],
)
def test_the_latest_version_is_asked_for_by_the_template(template: str, version: str, expected: str) -> None:
    policy = SnippetPolicy(version_template=VersionTemplate(template))
    assert policy.example_version(Version.parse(version), is_latest=True) == expected


@pytest.mark.parametrize(("version", "is_latest"), [("1.2.0-beta", True), ("1.2.0-beta", False), ("1.2.0", False)])
def test_a_beta_and_a_version_that_is_not_the_latest_are_asked_for_exactly(version: str, is_latest: bool) -> None:
    assert PESSIMISTIC.example_version(Version.parse(version), is_latest=is_latest) == version


@pytest.mark.parametrize(
    ("pre_major", "version", "expected"),
    [("= {major}.{minor}.{patch}", "0.9.1", "= 0.9.1"), (None, "0.9.1", "~> 0.9"), ("= {major}", "1.9.1", "~> 1.9")],
)
def test_versions_below_one_have_a_template_of_their_own(pre_major: str | None, version: str, expected: str) -> None:
    policy = SnippetPolicy(
        version_template=VersionTemplate("~> {major}.{minor}"),
        pre_major_template=None if pre_major is None else VersionTemplate(pre_major),
    )
    assert policy.example_version(Version.parse(version), is_latest=True) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{majority}",
        "{}",
        "{0}",
        "{major.real}",
        "{major[0]}",
        "{major!r}",
        "{major:>9}",
        "{major:{minor}}",
        "{ major }",
        "{major",
        "major}",
        "{Major}",
        "{major_plus_two}",
        '"{major}"',
        "{major}\\",
        "{major}\n",
    ],
)
def test_a_template_that_could_not_be_filled_in_or_quoted_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"^The version template "):
        VersionTemplate(template)


@pytest.mark.parametrize(
    ("version", "published", "is_latest", "word"),
    [
        ("1.2.0", False, False, "not published"),
        ("1.2.0-beta", False, False, "not published"),
        ("1.2.0-beta", True, False, "beta"),
        ("1.2.0", True, False, "not the latest"),
    ],
)
def test_two_comments_tell_what_is_special_of_a_version(
    version: str, published: bool, is_latest: bool, word: str
) -> None:
    comments = version_comments(Version.parse(version), published=published, is_latest=is_latest)
    assert len(comments) == 2
    assert word in comments[0]


def test_the_latest_version_needs_no_comment() -> None:
    assert version_comments(VERSION, published=True, is_latest=True) == []


# --- sources -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_address", "path", "token", "expected"),
    [
        (HTTPS, "", "tok", "reg.example.com/tok__acme/net/aws"),
        (HTTPS, "modules/x", "", "reg.example.com/acme/net/aws//modules/x"),
        (HTTPS, "//modules/x", "", "reg.example.com/acme/net/aws//modules/x"),
        (HTTPS, "/", "", "reg.example.com/acme/net/aws"),
        (PublicAddress("https", "reg.example.com", 8443), "", "", "reg.example.com:8443/acme/net/aws"),
        (PublicAddress("https", "reg.example.com", 80), "", "", "reg.example.com:80/acme/net/aws"),
        (HTTP, "", "tok", "http://reg.example.com:5000/modules/tok__acme/net/aws/1.2.0"),
        (
            PublicAddress("http", "reg.example.com", 80),
            "/modules/x",
            "",
            "http://reg.example.com/modules/acme/net/aws/1.2.0//modules/x",
        ),
        (
            PublicAddress("http", "reg.example.com", 443),
            "",
            "",
            "http://reg.example.com:443/modules/acme/net/aws/1.2.0",
        ),
    ],
)
def test_a_registry_source_has_the_form_of_its_scheme(
    public_address: PublicAddress, path: str, token: str, expected: str
) -> None:
    assert registry_source(public_address, NET, VERSION, path, token) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (SnippetPolicy(), "my-tf-application"),
        (SnippetPolicy(example_token=""), ""),
        (SnippetPolicy(analytics_enabled=False), ""),
    ],
)
def test_the_example_token_is_shown_while_analytics_want_one(policy: SnippetPolicy, expected: str) -> None:
    assert policy.token == expected


# --- lines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("indent", "spacing", "expected"),
    [
        ("  ", " ", '  source  = "u"\n  version = "1"'),
        ("", "", 'source  = "u"\nversion = "1"'),
        ("\t", "   ", '\tsource   = "u"\n\tversion  = "1"'),
        ("", "\t\t", 'source\t\t= "u"\nversion\t= "1"'),
        ("", "\t", 'source  = "u"\nversion = "1"'),
    ],
)
def test_the_equals_signs_of_source_and_version_are_aligned(indent: str, spacing: str, expected: str) -> None:
    assert render_source("u", "1", indent=indent, spacing=spacing) == expected


@pytest.mark.parametrize(("spacing", "expected"), [("", 'source = "u"'), ("   ", 'source   = "u"')])
def test_a_source_alone_takes_one_space(spacing: str, expected: str) -> None:
    assert render_source("u", None, ["never shown"], spacing=spacing) == expected


def test_comments_stand_between_source_and_version() -> None:
    assert render_source("u", "1", ["a", "b"], indent="  ", comment=" # c") == (
        '  source  = "u" # c\n  # a\n  # b\n  version = "1"'
    )


def test_a_source_in_an_example_file_is_rewritten_with_the_constraint() -> None:
    text = 'module "n" {\n  source = "../../"\n\n  a = 1\n}\n'
    assert fill(cut_sources(text, "examples/basic"), snippets().for_slot) == (
        'module "n" {\n  source  = "reg.example.com/my-tf-application__acme/net/aws"\n'
        '  version = ">= 1.2.0, < 2.0.0"\n\n  a = 1\n}\n'
    )


def test_over_http_a_rewritten_source_stands_alone_and_keeps_its_comment() -> None:
    slot = SourceSlot("modules/x", "  ", "     ", " # inner")
    assert snippets(public_address=HTTP, published=False, is_latest=False).for_slot(slot) == (
        '  source     = "http://reg.example.com:5000/modules/my-tf-application__acme/net/aws/1.2.0//modules/x" # inner'
    )


def test_the_usage_example_calls_a_directory() -> None:
    assert snippets(SnippetPolicy(example_token=""), is_latest=False).usage_example("modules/x") == (
        'module "net" {\n'
        '  source  = "reg.example.com/acme/net/aws//modules/x"\n'
        "  # This version of the module is not the latest one.\n"
        "  # To use it, it must be pinned, as here.\n"
        '  version = "1.2.0"\n'
        "\n"
        "  # Provide variables here\n"
        "}"
    )


def test_over_http_the_usage_example_has_the_source_only() -> None:
    assert snippets(public_address=HTTP).usage_example("") == (
        'module "net" {\n'
        '  source = "http://reg.example.com:5000/modules/my-tf-application__acme/net/aws/1.2.0"\n'
        "\n"
        "  # Provide variables here\n"
        "}"
    )


def test_a_directorys_name_cannot_end_the_string_that_holds_it() -> None:
    assert '//a\\"b$${c}"\n' in snippets().usage_example('a"b${c}')


# --- properties --------------------------------------------------------------------------------------------------

_placeholders = st.tuples(
    st.sampled_from(["major", "minor", "patch"]), st.sampled_from(["", "_plus_one", "_minus_one"])
).map(lambda parts: f"{{{''.join(parts)}}}")
_templates = st.lists(st.one_of(_placeholders, st.sampled_from([".", ", ", "~> ", ">= "])), max_size=8).map("".join)


@given(_templates, version_texts, st.booleans())
def test_every_valid_template_gives_an_exact_version_or_one_without_negative_numbers(
    template: str, text: str, is_latest: bool
) -> None:
    version = Version.parse(text)
    found = SnippetPolicy(version_template=VersionTemplate(template)).example_version(version, is_latest=is_latest)
    if version.is_beta or not is_latest:
        assert found == text
    else:
        assert "-" not in found
        assert "{" not in found


@given(st.text(max_size=30))
def test_a_template_is_refused_or_can_be_filled_in(text: str) -> None:
    try:
        template = VersionTemplate(text)
    except ValueError:
        return
    assert '"' not in template.for_version(VERSION)


@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from([HTTP, HTTPS]),
    st.lists(st.sampled_from(['  source = "../x"', "other", 'source  =  "./" # y']), max_size=20),
)
def test_the_number_of_lines_grows_by_version_and_comments(
    published: bool, is_latest: bool, public_address: PublicAddress, lines: list[str]
) -> None:
    writer = snippets(public_address=public_address, published=published, is_latest=published and is_latest)
    text = "".join(f"{line}\n" for line in lines)
    once = fill(cut_sources(text, "modules"), writer.for_slot)
    added = 0 if public_address is HTTP else 1 + len(writer.comments)
    assert once.count("\n") == len(lines) + added * (len(lines) - lines.count("other"))
    assert fill(cut_sources(once, "modules"), writer.for_slot) == once
