"""Versions: grammar, order, the latest, and constraints on terraform's version."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidVersion
from terrareg_core.versions import Compatibility, Version, VersionConstraint, latest
from tests.unit import strategies


@pytest.mark.parametrize("text", ["1.1.1", "13.14.16", "1.2.3-alpha", "1.2.3-anothersuffix1", "1.2.2-123"])
def test_a_valid_version_is_kept_as_it_is_spelled(text: str) -> None:
    assert str(Version.parse_new(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.1", ".23.1", "1.1.1.1", "1.1.1.", "abc", "v1.0.0", "-1.0.0", "1.2.3\n", "٣.1.1"),
        *("1.2.3-a1.2", "1.2.3-in-valid", "1.0.9-", "1.2.3:-b", "1.2.3-B", "1.2.3+b", "1.0.0-" + "a" * 128),
    ],
)
def test_an_invalid_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion):
        Version.parse(text)


@pytest.mark.parametrize("text", ["01.2.3", "1.02.3", "1.2.03", "00.0.0", "01.2.3-beta"])
def test_leading_zeros_are_read_but_not_accepted_for_a_new_version(text: str) -> None:
    assert Version.parse(text).text == text
    with pytest.raises(InvalidVersion, match="zero"):
        Version.parse_new(text)


def test_versions_are_ordered_numerically_with_a_suffix_below_its_release() -> None:
    expected = ["23.2.3-beta", "10.23.0", "2.1.0", "1.5.4", "0.1.10", "0.1.09", "0.1.8", "0.1.1", "0.0.9"]
    assert [str(version) for version in sorted(map(Version.parse, reversed(expected)), reverse=True)] == expected


def test_suffixes_are_ordered_by_label_and_then_by_number() -> None:
    texts = ["1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-post1", "1.0.0-rc1", "1.0.0-rc2", "1.0.0-rc10", "1.0.0"]
    assert [str(version) for version in sorted(map(Version.parse, reversed(texts)))] == texts


@given(strategies.version_texts)
def test_parsing_and_printing_are_inverse_and_beta_means_a_dash(text: str) -> None:
    version = Version.parse(text)
    assert str(version) == text
    assert version.is_beta == ("-" in text)
    assert Version.parse(text) == version
    assert hash(Version.parse(text)) == hash(version)


@given(strategies.close_version_texts, strategies.close_version_texts, strategies.close_version_texts)
def test_the_order_is_total_antisymmetric_and_transitive(a: str, b: str, c: str) -> None:
    x, y, z = Version.parse(a), Version.parse(b), Version.parse(c)
    assert (x < y) + (x == y) + (x > y) == 1
    if x <= y and y <= z:
        assert x <= z


@given(st.tuples(*[strategies.numbers] * 3), st.tuples(*[strategies.numbers] * 3))
def test_without_suffixes_the_order_is_that_of_the_numbers(
    left: tuple[int, int, int], right: tuple[int, int, int]
) -> None:
    texts = [".".join(map(str, numbers)) for numbers in (left, right)]
    assert (Version.parse(texts[0]) < Version.parse(texts[1])) == (left < right)


def test_a_version_compares_with_versions_only() -> None:
    assert Version.parse("1.0.0") != "1.0.0"
    with pytest.raises(TypeError):
        _ = Version.parse("1.0.0") < "2.0.0"


@attrs.frozen
class _Candidate:
    version: Version
    published: bool


_candidates = st.lists(
    st.builds(_Candidate, strategies.close_version_texts.map(Version.parse), st.booleans()),
    unique_by=lambda candidate: candidate.version,
)


@given(_candidates, st.randoms(use_true_random=False))
def test_the_latest_is_the_greatest_published_release_whatever_the_order(
    candidates: list[_Candidate], random: object
) -> None:
    eligible = [candidate for candidate in candidates if candidate.published and not candidate.version.is_beta]
    found = latest(candidates)
    assert (found is None) == (not eligible)
    if found is not None:
        assert found in eligible
        assert all(found.version >= other.version for other in eligible)
    random.shuffle(candidates)  # type: ignore[attr-defined]
    assert latest(candidates) == found


@pytest.mark.parametrize(
    ("constraint", "target", "expected"),
    [
        (None, "1.5.0", Compatibility.NO_CONSTRAINT),
        ("", "1.5.0", Compatibility.NO_CONSTRAINT),
        (None, "1.5", Compatibility.ERROR),
        (None, "", Compatibility.ERROR),
        (">= 1.0", "abc", Compatibility.ERROR),
        (">=2.0.0, <=3.0.1, != 2.5.4", "2.5.4", Compatibility.INCOMPATIBLE),
        (">=2.0.0, <=3.0.1, != 2.5.4", "2.5.3", Compatibility.COMPATIBLE),
        (">3.2.1", "3.2.2", Compatibility.IMPLICIT_COMPATIBLE),
        (">3.2.1", "3.2.1", Compatibility.INCOMPATIBLE),
        ("<3.2.1", "3.2.1-rc1", Compatibility.IMPLICIT_COMPATIBLE),
        (" >= 2.0.0 , <= 3.0.0 ", "2.0.0", Compatibility.COMPATIBLE),
        (",, >= 2.0.0 ,, <= 3.0.0 , ", "3.0.1", Compatibility.INCOMPATIBLE),
        ("!=1.2.3", "1.3.3", Compatibility.IMPLICIT_COMPATIBLE),
        ("=1.2.3abcd", "1.0.0", Compatibility.ERROR),
        ("= 1.2", "1.2.0", Compatibility.COMPATIBLE),
        ("1.2.0", "1.2.0", Compatibility.COMPATIBLE),
        ("~> 1.12", "1.11.4", Compatibility.INCOMPATIBLE),
        ("~> 1.11.5", "1.11.4", Compatibility.INCOMPATIBLE),
        ("~> 1.11.3", "1.12.0", Compatibility.INCOMPATIBLE),
        ("~> 1.11", "1.12.0", Compatibility.COMPATIBLE),
        ("~> 0", "1.11.4", Compatibility.COMPATIBLE),
        ("~> 1", "1.11.4", Compatibility.COMPATIBLE),
        (">= 1.2.3-beta", "1.3.0", Compatibility.ERROR),
        (">=1.0 <2.0", "1.3.0", Compatibility.ERROR),
        (">= 1.0.0", "1.0.0-rc.1+build.5", Compatibility.INCOMPATIBLE),
        (">= 9999999999999999999999", "1.0.0", Compatibility.ERROR),
        (", ,", "1.0.0", Compatibility.IMPLICIT_COMPATIBLE),
    ],
)
def test_a_constraint_meets_a_terraform_version_as_documented(
    constraint: str | None, target: str, expected: Compatibility
) -> None:
    assert VersionConstraint(constraint).compatibility(target) is expected


_operators = st.sampled_from(["", ">=", ">", "<=", "<", "=", "!=", "~>"])
_parts = st.tuples(_operators, st.tuples(*[st.integers(0, 3)] * 3)).map(
    lambda part: f"{part[0]} {'.'.join(map(str, part[1]))}"
)


@given(st.lists(_parts, min_size=1, max_size=4), strategies.release_texts)
def test_spaces_empty_parts_and_the_order_of_parts_do_not_matter(parts: list[str], target: str) -> None:
    outcome = VersionConstraint(",".join(parts)).compatibility(target)
    assert VersionConstraint(" , ,".join(reversed(parts)) + ",").compatibility(target) is outcome


@given(st.lists(_parts, min_size=1, max_size=4), strategies.release_texts)
def test_excluding_the_target_makes_any_met_constraint_incompatible(parts: list[str], target: str) -> None:
    constraint = ",".join(parts)
    if VersionConstraint(constraint).compatibility(target) is not Compatibility.INCOMPATIBLE:
        excluded = VersionConstraint(f"{constraint}, != {target}").compatibility(target)
        assert excluded is Compatibility.INCOMPATIBLE


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_makes_a_constraint_raise(constraint: str, target: str) -> None:
    assert isinstance(VersionConstraint(constraint).compatibility(target), Compatibility)
