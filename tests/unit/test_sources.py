"""URL templates, git paths, tag formats, download addresses and the public address."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidGitPath, InvalidRequest, InvalidTagFormat, InvalidUrlTemplate
from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName
from terrareg_core.modules.sources import (
    GitPath,
    PublicAddress,
    TagFormat,
    UrlSlot,
    UrlTemplate,
    archive_path,
    git_download_url,
    hosted_download_path,
    joined_path,
)
from terrareg_core.versions import Version

NAMES = ModuleProviderId.parse("acme/net/aws")
BASE, CLONE, BROWSE = UrlSlot.BASE, UrlSlot.CLONE, UrlSlot.BROWSE

TEXT = st.one_of(st.text(max_size=60), st.text(alphabet="{}abc/.:@%?=&\\ _-!0\n#+é\ud800", max_size=30))
NAME_CHARACTERS = "abcXYZ019"
NAMES_OF_ANY = st.builds(
    ModuleProviderId,
    st.from_regex(r"[0-9A-Za-z][0-9A-Za-z-]{0,6}[0-9A-Za-z]", fullmatch=True).map(NamespaceName),
    st.from_regex(r"[0-9A-Za-z][0-9A-Za-z_-]{0,6}[0-9A-Za-z]", fullmatch=True).map(ModuleName),
    st.from_regex(r"[0-9a-z]{1,6}", fullmatch=True).map(ProviderName),
)


@st.composite
def slots_with_templates(draw: st.DrawFn) -> tuple[UrlSlot, str]:
    """A slot and a text that has a fair chance to be accepted for it."""
    slot = draw(st.sampled_from(UrlSlot))
    words = [f"{{{word}}}" for word in sorted(slot.placeholders)]
    pieces = st.sampled_from([*words, "/", "?a=", "x y", "+", "%20", "é", "\\"]) | TEXT
    text = draw(st.sampled_from(["https://h/", "HTTP://u@{module}:80/"])) + "".join(draw(st.lists(pieces, max_size=6)))
    return slot, f"{text}{{path}}{{tag_uri_encoded}}" if slot is UrlSlot.BROWSE else text


def accepted(slot: UrlSlot, text: str) -> UrlTemplate | None:
    try:
        return UrlTemplate.parse(slot, text, NAMES)
    except InvalidUrlTemplate:
        return None


class TestUrlTemplates:
    @pytest.mark.parametrize(
        ("slot", "text"),
        [
            (BASE, "https://github.com/{namespace}/{module}"),
            (CLONE, "ssh://git@host:7999/{namespace}/{provider}-{module}.git"),
            (CLONE, "HTTPS://host/x.git"),
            (CLONE, "http://host/x.git"),
            (BASE, "https://dev.azure.com/{namespace}?module={module}&provider={provider}"),
            (BASE, "https://host/"),
            (BASE, "https://user@host:8080/x"),
            (BASE, "https://host:/x"),
            (CLONE, "https://{namespace}.host/x"),
            (BROWSE, "https://host/x?version=GT{tag}&path={path}"),
            (BROWSE, "https://h/{tag_uri_encoded}/{path}"),
        ],
    )
    def test_the_valid_templates_of_the_specification_are_kept_as_they_are(self, slot: UrlSlot, text: str) -> None:
        assert UrlTemplate.parse(slot, text, NAMES).text == text

    @pytest.mark.parametrize(
        ("slot", "text", "reason"),
        [
            (CLONE, "git@host:org/repo.git", "scheme"),
            (CLONE, "git::https://host/x", "schemes"),
            (CLONE, "file:///srv/x.git", "schemes"),
            (CLONE, "ftp://host/x", "schemes"),
            (BASE, "ssh://host/x", "schemes"),
            (BROWSE, "ssh://host/{tag}/{path}", "schemes"),
            (BASE, "javascript://host/%0Aalert", "schemes"),
            (BASE, " https://host/x", "scheme"),
            (BASE, "ht\ntps://host/x", "scheme"),
            (BASE, "/x", "scheme"),
            (BASE, "https:/x", "host"),
            (BASE, "https:///x", "host"),
            (BASE, "https://:80/x", "host"),
            (BASE, "https://good.example\\@evil.example/x", "host"),
            (BASE, "https://host", "path"),
            (BASE, "https://host?x={module}", "path"),
            (CLONE, "ssh://host:org/repo.git", "port"),
            (CLONE, "ssh://host:65536/repo.git", "port"),
            (CLONE, "https://user:secret@host/x.git", "password"),
            (CLONE, "https://:@host/x.git", "password"),
            (BASE, "https://{tag}/x", "placeholders"),
            (CLONE, "https://{tag}/x", "placeholders"),
            (BROWSE, "https://{tag}/{path}", "host"),
            (BROWSE, "https://h/{path}", "{tag}"),
            (BROWSE, "https://h/{tag}", "{path}"),
            (BASE, "https://h/{nope}", "placeholders"),
            (BASE, "https://h/{", "placeholders"),
            (BASE, "https://h/}", "placeholders"),
            (BASE, "https://h/{}", "placeholders"),
            (BASE, "https://h/{0}", "placeholders"),
            (BASE, "https://h/{{module}}", "placeholders"),
            (BASE, "https://h/{module.x}", "placeholders"),
            (BASE, "https://h/{module!r}", "placeholders"),
            (BASE, "https://h/{module:>9}", "placeholders"),
            (BASE, "https://h/{ module }", "placeholders"),
            (BASE, "https://h/\ud800", "Unicode"),
            (BASE, "https://h/" + "x" * 1024, "1024"),
        ],
    )
    def test_an_invalid_template_is_refused_with_which_url_and_why(self, slot: UrlSlot, text: str, reason: str) -> None:
        with pytest.raises(InvalidUrlTemplate, match=f"^Repository {slot.value} URL: .*{re.escape(reason)}"):
            UrlTemplate.parse(slot, text, NAMES)

    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            ("https://u@h:8080/a b/{module}", "https://u@h:8080/a%20b/{module}"),
            ("https://h/a+b#c;d", "https://h/a%2Bb%23c%3Bd"),
            ("https://h/é\n", "https://h/%C3%A9%0A"),
            ("https://h/a%20b?x=~1&y=\\", "https://h/a%20b?x=~1&y=\\"),
        ],
    )
    def test_the_stored_form_is_percent_encoded(self, written: str, stored: str) -> None:
        assert UrlTemplate.parse(BASE, written, NAMES).text == stored

    def test_a_browse_url_shows_a_directory_at_a_tag(self) -> None:
        template = UrlTemplate.parse(
            BROWSE, "https://h/{namespace}/{module}-{provider}/browse/{path}?at={tag_uri_encoded}", NAMES
        )
        url = template.render(NAMES, tag="release@test/1.4.0/", path="testpath")
        assert url == "https://h/acme/net-aws/browse/testpath?at=release%40test%2F1.4.0%2F"
        assert template.render(NAMES, tag="v1") == "https://h/acme/net-aws/browse/?at=v1"

    def test_a_tag_can_stand_in_a_url_as_it_is(self) -> None:
        template = UrlTemplate.parse(BROWSE, "https://h/{tag}/{path}", NAMES)
        assert template.render(NAMES, tag="rel/v1", path="a/b") == "https://h/rel/v1/a/b"

    def test_a_directory_cannot_add_arguments_to_a_browse_url(self) -> None:
        template = UrlTemplate.parse(BROWSE, "https://h/x?p={path}&at={tag}", NAMES)
        assert template.render(NAMES, tag="v1", path="a b/c&at=v2#") == "https://h/x?p=a%20b/c%26at%3Dv2%23&at=v1"

    def test_what_replaces_a_placeholder_is_not_read_again(self) -> None:
        template = UrlTemplate.parse(BROWSE, "https://h/{tag}/{path}/{module}", NAMES)
        assert template.render(NAMES, tag="{module}", path=None) == "https://h/{module}//net"

    @pytest.mark.parametrize("text", [None, "", "ssh://g/{nope}.git", "{", "https://h/{tag}", "{module!r}"])
    def test_a_stored_template_that_cannot_be_filled_in_is_absent(self, text: str | None) -> None:
        assert UrlTemplate.stored(CLONE, text) is None

    def test_the_operators_templates_may_have_any_form(self) -> None:
        for text, url in [
            ("git@host:{namespace}/{module}.git", "git@host:acme/net.git"),
            ("file:///srv/{module}", "file:///srv/net"),
        ]:
            template = UrlTemplate.stored(CLONE, text)
            assert template is not None
            assert template.render(NAMES) == url

    def test_the_first_level_that_has_a_usable_template_wins(self) -> None:
        chosen = UrlTemplate.effective(CLONE, [None, "", "ssh://g/{nope}", "https://h/{module}", "https://other/x"])
        assert chosen == UrlTemplate(CLONE, "https://h/{module}")
        assert UrlTemplate.effective(CLONE, [None, ""]) is None

    @given(slot=st.sampled_from(UrlSlot), text=TEXT)
    def test_whatever_the_text_only_the_one_refusal_is_raised(self, slot: UrlSlot, text: str) -> None:
        for candidate in (text, f"https://{text}", f"https://h/{text}"):
            accepted(slot, candidate)

    @given(candidate=slots_with_templates())
    def test_an_accepted_template_renders_to_a_url(self, candidate: tuple[UrlSlot, str]) -> None:
        slot, text = candidate
        template = accepted(slot, text)
        if template is None:
            return
        assert len(template.text) <= 1024
        url = template.render(NAMES, tag="v1.0.0", path="sub")
        assert url.isascii()
        assert not set("{} \n#") & set(url)
        parts = urlsplit(url)
        assert parts.scheme in slot.schemes
        assert parts.hostname in {"h", "net"}
        assert parts.password is None

    @given(candidate=slots_with_templates())
    def test_storing_a_template_again_changes_nothing_and_keeps_every_placeholder(
        self, candidate: tuple[UrlSlot, str]
    ) -> None:
        slot, text = candidate
        template = accepted(slot, text)
        if template is None:
            return
        assert UrlTemplate.parse(slot, template.text, NAMES) == template
        assert re.findall(r"\{\w+\}", template.text) == re.findall(r"\{\w+\}", text)
        assert unquote(template.text) == unquote(text)

    @given(text=TEXT, names=NAMES_OF_ANY)
    def test_a_stored_text_renders_to_itself_but_for_known_placeholders(
        self, text: str, names: ModuleProviderId
    ) -> None:
        template = UrlTemplate.stored(BASE, text)
        if "{" not in text and "}" not in text and text:
            assert template is not None
        if template is not None:
            expected = text
            for word, name in (("namespace", names.namespace), ("module", names.module), ("provider", names.provider)):
                expected = expected.replace(f"{{{word}}}", name.value)
            assert template.render(names) == expected

    @given(word=st.text(alphabet="abcdefghijklmnopqrstuvwxyz_.!:[]0 ", max_size=12))
    def test_anything_else_in_braces_is_refused(self, word: str) -> None:
        assume(word not in {"namespace", "module", "provider"})
        assert accepted(BASE, f"https://h/{{{word}}}") is None


class TestGitPaths:
    @pytest.mark.parametrize(
        ("text", "effective"),
        [
            ("", None),
            ("/", None),
            (".", None),
            ("./", None),
            ("subpath", "subpath"),
            ("/subpath", "subpath"),
            ("./subpath", "subpath"),
            ("./subpath/", "subpath"),
            (".//lots/of///slashes//", "lots/of/slashes"),
            ("{namespace}/{module}-{provider}/test", "acme/net-aws/test"),
            ("a/../b", "b"),
            ("a/..", None),
            ("..a/b..", "..a/b.."),
            ("{module}/../x", "x"),
        ],
    )
    def test_the_effective_path_is_resolved_against_the_root(self, text: str, effective: str | None) -> None:
        path = GitPath.parse(text)
        assert path.text == text
        assert path.effective(NAMES) == effective

    @pytest.mark.parametrize("text", ["..", "../x", "/..", "a/../..", "a/../../b", "{module}/../../x", "./.."])
    def test_a_path_that_climbs_above_the_root_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidGitPath, match="leads out"):
            GitPath.parse(text)

    @pytest.mark.parametrize("text", ["{nope}", "{", "}", "{}", "{0}", "{{module}}", "{module.x}", "{tag}", "{path}"])
    def test_anything_else_in_braces_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidGitPath, match="placeholders"):
            GitPath.parse(text)

    @pytest.mark.parametrize("text", ["a\nb", "a\0", "\x7f", "\ud800", "x" * 1025])
    def test_what_is_no_name_of_a_directory_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidGitPath):
            GitPath.parse(text)

    @pytest.mark.parametrize("text", [None, "", "{nope}", "../x", "a\nb"])
    def test_a_stored_path_that_is_not_valid_is_the_root(self, text: str | None) -> None:
        assert GitPath.stored(text) is None

    def test_a_stored_path_is_kept(self) -> None:
        assert GitPath.stored("/a/") == GitPath("/a/")

    @pytest.mark.parametrize(
        ("parts", "joined"),
        [
            ((None, None), None),
            (("a", None), "a"),
            ((None, "modules/x/"), "modules/x"),
            (("a/b", "./c"), "a/b/c"),
            (("a", "../b"), "b"),
        ],
    )
    def test_paths_are_joined_one_below_the_other(self, parts: tuple[str | None, ...], joined: str | None) -> None:
        assert joined_path(*parts) == joined

    @given(
        text=st.one_of(
            TEXT, st.lists(st.sampled_from(["..", ".", "", "a", "{module}", "b.c"]), max_size=8).map("/".join)
        ),
        names=NAMES_OF_ANY,
    )
    def test_an_accepted_path_stays_below_the_root_and_is_its_own_effective_path(
        self, text: str, names: ModuleProviderId
    ) -> None:
        depth, climbs = 0, False
        for segment in text.split("/"):
            depth += {"..": -1, ".": 0, "": 0}.get(segment, 1)
            climbs = climbs or depth < 0
        try:
            path = GitPath.parse(text)
        except InvalidGitPath:
            return
        assert not climbs
        effective = path.effective(names)
        if effective is not None:
            assert not {"", ".", ".."} & set(effective.split("/"))
            assert GitPath.parse(effective).effective(names) == effective


NUMBERS = st.integers(0, 10**6)
SUFFIX = st.none() | st.from_regex(r"[0-9a-z]{1,6}", fullmatch=True)
VERSIONS = st.builds(lambda a, b, c: Version.parse(f"{a}.{b}.{c}"), NUMBERS, NUMBERS, NUMBERS)
TAG_PIECES = ["{version}", "{major}", "{minor}", "{patch}", "{build}"]
TAG_LITERAL = st.text(alphabet="v1/-.x@é0", max_size=3)
FORMATS = st.builds(
    lambda words, literals: "".join(literal + word for literal, word in zip(literals, [*words, ""], strict=False)),
    st.lists(st.sampled_from(TAG_PIECES), min_size=1, max_size=4, unique=True),
    st.lists(TAG_LITERAL, min_size=5, max_size=5),
)


def tag_format(text: str) -> TagFormat | None:
    try:
        return TagFormat.parse(text)
    except InvalidTagFormat:
        return None


class TestTagFormats:
    @pytest.mark.parametrize(
        ("text", "version", "tag"),
        [
            (None, "1.0.0", "1.0.0"),
            ("", "1.0.0", "1.0.0"),
            ("releases/v{version}a", "1.0.0", "releases/v1.0.0a"),
            ("v{major}a", "2.3.4", "v2a"),
            ("{major}-{minor}-{patch}", "2.3.4-beta", "2-3-4"),
            ("v{version}", "1.2.3-beta", "v1.2.3-beta"),
            ("v{major}.{minor}.{patch}{build}", "1.2.3-beta", "v1.2.3-beta"),
            ("v{major}.{minor}.{patch}{build}", "1.2.3", "v1.2.3"),
            ("v{major}", "01.2.3", "v1"),
            ("v{version}", "01.2.3", "v01.2.3"),
            ("release@{version}", "1.2.3", "release@1.2.3"),
        ],
    )
    def test_a_version_gives_its_tag(self, text: str | None, version: str, tag: str) -> None:
        assert TagFormat.parse(text).tag_for(Version.parse(version)) == tag

    @pytest.mark.parametrize(
        ("text", "tag", "version"),
        [
            ("v{version}a", "v1.2.3a", "1.2.3"),
            *[("{version}", tag, None) for tag in ("1.2", "1.2.", ".1.2", "a1.2.3", "1.2.3a", "1.2.3-beta", "")],
            *[("{version}", tag, None) for tag in ("1.2x3", "1.2345", "1.2.3\n", "1.2.٣", "1x2.3")],
            ("{major}", "1", "1.0.0"),
            ("{major}", "1.5.2", None),
            ("{major}", "abc", None),
            ("{minor}", "1", "0.1.0"),
            ("release/v{patch}a", "release/v5a", "0.0.5"),
            ("release/v{major}.{minor}", "release/v4.9", "4.9.0"),
            ("release/v{major}.{minor}", "release/v4x9", None),
            ("release/v{major}.{patch}", "release/v4.9", "4.0.9"),
            ("release/v{minor}.{patch}", "release/v4.9", "0.4.9"),
            ("release/v{major}.{minor}-{patch}", "release/v4.9-5", "4.9.5"),
            ("{major}/{version}", "1/1.2.3", "1.2.3"),
            ("{major}/{version}", "2/1.2.3", None),
            ("v{major}.{minor}.{patch}{build}", "v1.2.3-rc1", "1.2.3-rc1"),
            ("v{major}.{minor}.{patch}{build}", "v1.2.3", "1.2.3"),
            ("v{major}.{minor}.{patch}{build}", "v1.2.3-RC1", None),
            ("v{major}", "v01", "1.0.0"),
            ("{version}", "1" * 200 + ".0.0", None),
            ("{major}", "1" * 5000, None),
        ],
    )
    def test_a_tag_gives_its_version_or_none(self, text: str, tag: str, version: str | None) -> None:
        found = TagFormat.parse(text).version_of(tag)
        assert (found and found.text) == version

    def test_a_full_ref_name_gives_its_version_when_it_names_a_tag(self) -> None:
        form = TagFormat.parse("v{version}")
        assert form.version_of_ref("refs/tags/v1.2.3") == Version.parse("1.2.3")
        for ref in ("v1.2.3", "refs/heads/v1.2.3", "refs/tags/refs/tags/v1.2.3", "refs/tags/"):
            assert form.version_of_ref(ref) is None

    @pytest.mark.parametrize(
        "text",
        [
            *[
                "nope",
                "v",
                "{",
                "}",
                "{}",
                "{0}",
                "{{version}}",
                "{version",
                "{nope}",
                "{version}{nope}",
                "{version!r}",
            ],
            *["{build}", "{build}x", "v{version}{build}", "{version}{version}", "{major}.{major}", "{major}{minor}"],
            *["{major}1{minor}", "{major}{build}{minor}", "{major}{build}x{minor}", "{build}{major}"],
            *["v {version}", "v\t{version}", "v~{version}", "v^{version}", "v:{version}", "v?{version}", "v*{version}"],
            *[
                "v[{version}",
                "v\\{version}",
                "v..{version}",
                "{major}..{minor}",
                "/{version}",
                "{version}/",
                "-{version}",
            ],
            *[".{version}", "{version}.", "{version}.lock", "a//{version}", "a/.{version}", "a.lock/{version}"],
            *["\x7f{version}", "\ud800{version}", "{version}" + "x" * 1020, "v{version}\n"],
        ],
    )
    def test_a_format_that_is_ambiguous_or_makes_tags_git_refuses_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidTagFormat):
            TagFormat.parse(text)

    @pytest.mark.parametrize(
        ("text", "indexes"),
        [("{version}", True), ("v{version}a", True), ("{major}/{version}", True), ("v{major}", False), ("", True)],
    )
    def test_only_a_format_with_the_full_version_finds_a_tag_by_version(self, text: str, indexes: bool) -> None:
        assert TagFormat.parse(text).indexes_by_version is indexes

    @pytest.mark.parametrize(
        "text", ["nope", "{{version}}", "{major}{minor}", "{major}.{major}", "{", "{0}", "{major}" * 40]
    )
    def test_a_stored_format_that_would_be_refused_makes_tags_and_reads_none(self, text: str) -> None:
        form = TagFormat.stored(text)
        assert form.tag_for(Version.parse("1.2.3"))
        for tag in (text, "1.2.3", "1" * 1000, form.tag_for(Version.parse("1.2.3"))):
            assert form.version_of(tag) is None

    def test_a_stored_format_is_used_as_it_is(self) -> None:
        assert TagFormat.stored("v%20{version}").version_of("v%201.2.3") == Version.parse("1.2.3")
        assert TagFormat.stored(None) == TagFormat.stored("") == TagFormat()

    @given(text=FORMATS, version=VERSIONS, suffix=SUFFIX)
    @example(text="{major}1.{minor}", version=Version.parse("1.2.0"), suffix=None)
    @example(text="{patch}{build}-1{major}", version=Version.parse("1.0.3"), suffix="a1")
    def test_the_tag_of_a_version_reads_back_as_that_version(
        self, text: str, version: Version, suffix: str | None
    ) -> None:
        form = tag_format(text)
        assume(form is not None)
        assert form is not None
        if "{version}" not in text:
            kept = [
                number if f"{{{part}}}" in text else 0
                for part, number in (("major", version.major), ("minor", version.minor), ("patch", version.patch))
            ]
            tail = f"-{suffix}" if suffix is not None and "{build}" in text else ""
            version = Version.parse(".".join(map(str, kept)) + tail)
        assert form.version_of(form.tag_for(version)) == version

    @given(text=FORMATS, data=st.data())
    def test_a_tag_that_reads_as_a_version_is_the_tag_of_that_version(self, text: str, data: st.DataObject) -> None:
        form = tag_format(text)
        assume(form is not None)
        assert form is not None
        tag = data.draw(
            st.one_of(
                st.text(alphabet="v1/-.x@é0", max_size=12),
                st.builds(lambda version, noise: form.tag_for(version) + noise, VERSIONS, TAG_LITERAL),
                st.sampled_from(
                    [
                        text.format_map(
                            dict.fromkeys(["major", "minor", "patch"], 7) | {"version": "1.2.3", "build": "-a0"}
                        )
                    ]
                ),
            )
        )
        version = form.version_of(tag)
        if version is None:
            return
        assert Version.parse(version.text) == version
        if re.search(r"(?<![0-9])0[0-9]", tag) is None:
            assert form.tag_for(version) == tag

    @given(text=TEXT, tag=TEXT)
    def test_whatever_the_texts_only_the_one_refusal_is_raised(self, text: str, tag: str) -> None:
        for form in (TagFormat.stored(text), tag_format(text)):
            if form is not None:
                form.version_of(tag)
                form.version_of_ref(tag)
                form.tag_for(Version.parse("1.2.3-beta"))


ADDRESS = ModuleProviderId.parse("n1/m1/p")
V1_4_0 = Version.parse("1.4.0")
HOSTED = "/v1/terrareg/modules/n1/m1/p/1.4.0/source.zip"
PATHS = st.none() | st.lists(st.sampled_from(["a", "b c", ".", "", "x?y", "d#e", "é", "100%"]), max_size=4).map(
    "/".join
)


class TestDownloadAddresses:
    @pytest.mark.parametrize(
        ("clone_url", "path", "ref", "url"),
        [
            ("ssh://git@g.example/n/m.git", "sub/dir", "1.4.0", "git::ssh://git@g.example/n/m.git//sub/dir?ref=1.4.0"),
            ("ssh://g.example:7999/n/m.git", None, "1.4.0", "git::ssh://g.example:7999/n/m.git?ref=1.4.0"),
            ("git::https://h/x.git", None, "v1", "git::https://h/x.git?ref=v1"),
            ("git::git::https://h/x.git", None, "v1", "git::https://h/x.git?ref=v1"),
            ("git@h:o/r.git", "a", "v1", "git::git@h:o/r.git//a?ref=v1"),
            ("https://h/x?y=1", "path", "v1", "git::https://h/x//path?y=1&ref=v1"),
            ("https://h/x?", None, "v1", "git::https://h/x?ref=v1"),
            ("https://h/x/", "a", "v1", "git::https://h/x//a?ref=v1"),
            ("https://h/x", "/", "v1", "git::https://h/x?ref=v1"),
            ("https://h/x", "./sub//", "v1", "git::https://h/x//sub?ref=v1"),
            ("https://h/x", None, "rel/v1.0.0", "git::https://h/x?ref=rel/v1.0.0"),
            ("https://h/x", None, "a&b#c?d+e f%g;h", "git::https://h/x?ref=a%26b%23c%3Fd%2Be%20f%25g%3Bh"),
            ("https://h/x", None, "release@1.4.0", "git::https://h/x?ref=release@1.4.0"),
            ("https://h/é", None, "v1", "git::https://h/%C3%A9?ref=v1"),
        ],
    )
    def test_the_git_form(self, clone_url: str, path: str | None, ref: str, url: str) -> None:
        assert git_download_url(clone_url, path, ref) == url

    @pytest.mark.parametrize(
        ("key", "path", "url"),
        [
            (None, None, HOSTED),
            (None, "sub/dir", f"{HOSTED}//sub/dir"),
            (None, "/", HOSTED),
            ("k.e-y", "sub", "/v1/terrareg/modules/n1/m1/p/1.4.0/k.e-y/source.zip//sub"),
        ],
    )
    def test_the_hosted_form(self, key: str | None, path: str | None, url: str) -> None:
        assert hosted_download_path(ADDRESS, V1_4_0, key=key, path=path) == url

    def test_a_directory_keeps_its_name_because_terraform_decodes_nothing_in_it(self) -> None:
        assert git_download_url("https://h/x", "a b/50%", "v1") == "git::https://h/x//a b/50%?ref=v1"
        assert hosted_download_path(ADDRESS, V1_4_0, path="a b/50%") == f"{HOSTED}//a b/50%"

    def test_a_path_that_leads_out_is_refused(self) -> None:
        with pytest.raises(InvalidGitPath):
            git_download_url("https://h/x", "a/../..", "v1")
        with pytest.raises(InvalidGitPath):
            hosted_download_path(ADDRESS, V1_4_0, path="../x")

    @given(
        clone_url=st.sampled_from(
            ["https://h/x", "git::ssh://g@h/x.git", "https://h/x/?a=b&c", "git@h:o/r", "file:///srv/é"]
        ),
        path=PATHS,
        ref=st.text(max_size=20),
    )
    def test_the_git_form_has_one_prefix_a_clean_directory_and_the_ref_as_written(
        self, clone_url: str, path: str | None, ref: str
    ) -> None:
        url = git_download_url(clone_url, path, ref)
        assert url.isascii()
        assert url.isprintable()
        assert url.count("git::") == 1
        assert url.startswith("git::")
        address, _, query = url.removeprefix("git::").partition("?")
        assert parse_qs(query, keep_blank_values=True, errors="surrogatepass")["ref"] == [ref]
        directory = address.removeprefix("file://").partition("://")[2] or address.removeprefix("file://")
        segments = directory.partition("//")[2].split("/")
        assert segments == [""] or not {"", ".", ".."} & set(segments)

    @given(key=st.none() | st.from_regex(r"[0-9A-Za-z._~-]{1,20}", fullmatch=True), path=PATHS)
    def test_the_hosted_form_is_one_path_on_this_host_and_absolute_with_a_port(
        self, key: str | None, path: str | None
    ) -> None:
        url = hosted_download_path(ADDRESS, V1_4_0, key=key, path=path)
        assert url.isascii()
        archive = archive_path(ADDRESS, V1_4_0)
        assert archive == "/v1/terrareg/modules/n1/m1/p/1.4.0"
        assert url.startswith(f"{archive}/source.zip" if key is None else f"{archive}/{key}/source.zip")
        absolute = urlsplit(PublicAddress("https", "reg.example.com", 443).absolute(url))
        assert (absolute.scheme, absolute.netloc) == ("https", "reg.example.com:443")


class TestPublicAddress:
    @pytest.mark.parametrize(
        ("public_url", "domain_name", "host", "absolute"),
        [
            (None, None, "req.example", "https://req.example:443/x"),
            (None, None, "req.example:5000", "https://req.example:443/x"),
            (None, None, "[::1]:5000", "https://[::1]:443/x"),
            (None, "dom.example", "req.example", "https://dom.example:443/x"),
            ("", "", "req.example", "https://req.example:443/x"),
            ("http://reg.example.com:8080", "dom.example", "req.example", "http://reg.example.com:8080/x"),
            ("http://reg.example.com", None, "req.example", "http://reg.example.com:80/x"),
            ("https://reg.example.com", None, "req.example", "https://reg.example.com:443/x"),
            ("https://reg.example.com/some/path?q#f", None, "req.example", "https://reg.example.com:443/x"),
            ("//reg.example.com", None, "req.example", "https://reg.example.com:443/x"),
            ("HTTP://user@Reg.Example.com", None, "req.example", "http://reg.example.com:80/x"),
            ("http://[::1]:5000", None, "req.example", "http://[::1]:5000/x"),
            ("reg.example.com", "dom.example", "req.example", "https://dom.example:443/x"),
            ("reg.example.com:8080", None, "req.example", "https://req.example:443/x"),
            ("https://reg.example.com:port", None, "req.example", "https://req.example:443/x"),
            ("https://[::1", None, "req.example", "https://req.example:443/x"),
            ("https://", None, "req.example", "https://req.example:443/x"),
            ("http://127.0.0.1:5000", None, "", "http://127.0.0.1:5000/x"),
            ("https://reg.example.com:0", None, "", "https://reg.example.com:0/x"),
        ],
    )
    def test_the_setting_comes_before_the_domain_name_and_the_request(
        self, public_url: str | None, domain_name: str | None, host: str, absolute: str
    ) -> None:
        assert PublicAddress.resolve(public_url, domain_name, host).absolute("/x") == absolute

    @pytest.mark.parametrize(
        "host", ["", ":80", "a/b", "a b", "evil\r\nX: y", "user@host", "h:port", '"><script>', "h?x"]
    )
    def test_a_request_without_a_proper_host_is_refused_when_no_setting_names_one(self, host: str) -> None:
        with pytest.raises(InvalidRequest, match="Host"):
            PublicAddress.resolve(None, None, host)

    @pytest.mark.parametrize(
        ("url", "authority"),
        [
            ("https://reg.example.com", "reg.example.com"),
            ("https://reg.example.com:443", "reg.example.com"),
            ("https://reg.example.com:80", "reg.example.com:80"),
            ("http://reg.example.com", "reg.example.com"),
            ("http://[::1]:5000", "[::1]:5000"),
        ],
    )
    def test_the_authority_leaves_out_a_port_that_the_scheme_implies(self, url: str, authority: str) -> None:
        address = PublicAddress.from_public_url(url)
        assert address is not None
        assert address.authority == authority

    @given(url=TEXT, host=TEXT)
    def test_whatever_the_texts_the_result_is_an_absolute_url_or_the_refusal(self, url: str, host: str) -> None:
        try:
            address = PublicAddress.resolve(url, None, host)
        except InvalidRequest:
            return
        parts = urlsplit(address.absolute("/x"))
        assert (parts.scheme, parts.hostname, parts.port, parts.path) == (
            address.scheme,
            address.host,
            address.port,
            "/x",
        )
