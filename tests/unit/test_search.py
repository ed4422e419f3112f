"""Search: terms, trust filter, and the properties of the score (chapter 01, 2.8 and 9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.modules.search import SearchedTexts, TrustFilter, score, search_terms, term_score

# A small alphabet, so that terms often meet texts; with wildcards of SQL and letters whose case is not ASCII.
_TEXT = st.text(alphabet="abAB%_\\'\"éÉ ß-", max_size=6)
_TERM = st.text(alphabet="ab%_\\'\"éß-", min_size=1, max_size=3)
_TERMS = st.lists(_TERM, max_size=3).map(tuple)
_TEXTS = st.builds(SearchedTexts, _TEXT, _TEXT, _TEXT, st.none() | _TEXT, st.none() | _TEXT)


def _texts(
    namespace: str = "x",
    module: str = "x",
    provider: str = "x",
    description: str | None = None,
    owner: str | None = None,
) -> SearchedTexts:
    return SearchedTexts(namespace, module, provider, description, owner)


class TestScore:
    @pytest.mark.parametrize(
        ("texts", "points"),
        [
            (_texts(module="vpc"), 20),
            (_texts(namespace="vpc"), 18),
            (_texts(provider="vpc"), 14),
            (_texts(description="vpc"), 13),
            (_texts(owner="vpc"), 12),
            (_texts(module="my-vpc"), 5),
            (_texts(description="a vpc"), 4),
            (_texts(owner="the vpc team"), 3),
            (_texts(namespace="vpcs"), 2),
            (_texts(provider="vpcs"), 0),
            (_texts(), 0),
        ],
    )
    def test_each_rule_gives_its_points(self, texts: SearchedTexts, points: int) -> None:
        assert term_score("vpc", texts) == points

    @pytest.mark.parametrize(
        ("texts", "points"),
        [
            (_texts("vpc", "vpc", "vpc", "vpc", "vpc"), 20),
            (_texts("vpc", "my-vpc", "vpc", "vpc", "vpc"), 18),
            (_texts("vpcs", "my-vpc", "aws", "vpc", "vpc"), 13),
            (_texts("vpcs", "my-vpc", "aws", "a vpc", "a vpc"), 5),
            (_texts("vpcs", "net", "aws", "a vpc", "a vpc"), 4),
            (_texts("vpcs", "net", "aws", None, "a vpc"), 3),
        ],
    )
    def test_only_the_first_rule_that_applies_counts(self, texts: SearchedTexts, points: int) -> None:
        assert term_score("vpc", texts) == points

    def test_points_of_several_terms_add_up(self) -> None:
        assert score(("vpc", "team", "vpc"), _texts(module="vpc", owner="the team")) == 20 + 3 + 20

    def test_one_term_that_does_not_match_spoils_the_match(self) -> None:
        assert score(("vpc", "nothing"), _texts(module="vpc")) is None

    @given(_TEXTS)
    def test_without_terms_everything_matches_and_nothing_counts(self, texts: SearchedTexts) -> None:
        assert score((), texts) == 0

    @given(_TERMS, _TERM, _TEXTS)
    def test_a_further_term_never_finds_more(self, terms: tuple[str, ...], term: str, texts: SearchedTexts) -> None:
        if score(terms, texts) is None:
            assert score((*terms, term), texts) is None

    @given(_TERMS, _TEXTS)
    def test_a_match_has_two_points_a_term_or_more(self, terms: tuple[str, ...], texts: SearchedTexts) -> None:
        points = score(terms, texts)
        assert points is None or 2 * len(terms) <= points <= 20 * len(terms)

    @given(_TERMS, _TEXTS)
    def test_every_term_of_a_match_stands_literally_in_its_texts(
        self, terms: tuple[str, ...], texts: SearchedTexts
    ) -> None:
        partial = [text.lower() for text in (texts.module, texts.namespace, texts.description, texts.owner) if text]
        expected = all(texts.provider.lower() == term or any(term in text for text in partial) for term in terms)
        assert (score(terms, texts) is not None) == expected

    @given(st.lists(_TEXT, max_size=3), _TEXTS)
    def test_the_casing_of_query_and_texts_changes_nothing(self, words: list[str], texts: SearchedTexts) -> None:
        # Letters whose upper case has another lower case (ß) are left out: casing is what is varied here.
        query = " ".join(words).replace("ß", "s")
        shouted = SearchedTexts(
            *(
                None if text is None else text.replace("ß", "s").upper()
                for text in (texts.namespace, texts.module, texts.provider, texts.description, texts.owner)
            )  # type: ignore[arg-type]
        )
        whispered = SearchedTexts(
            *(
                None if text is None else text.lower()
                for text in (shouted.namespace, shouted.module, shouted.provider, shouted.description, shouted.owner)
            )  # type: ignore[arg-type]
        )
        assert score(search_terms(query.upper()), shouted) == score(search_terms(query.lower()), whispered)

    @given(st.permutations(["a", "b", "ab"]), _TEXTS)
    def test_the_order_of_the_terms_changes_nothing(self, terms: list[str], texts: SearchedTexts) -> None:
        assert score(tuple(terms), texts) == score(("a", "b", "ab"), texts)


class TestSearchTerms:
    @pytest.mark.parametrize(
        ("query", "terms"),
        [
            ("", ()),
            (" \t\n ", ()),
            ("VPC", ("vpc",)),
            ("  two\tTerms \n", ("two", "terms")),
            ("a a", ("a", "a")),
            ("ÉCLAIR", ("éclair",)),
            ("100% _x", ("100%", "_x")),
        ],
    )
    def test_a_query_is_split_at_white_space_and_lowered(self, query: str, terms: tuple[str, ...]) -> None:
        assert search_terms(query)[: len(terms)] == terms
        assert len(search_terms(query)) == len(terms)

    @given(st.text())
    def test_no_term_is_empty_or_holds_white_space(self, query: str) -> None:
        assert all(term and term.split() == [term] for term in search_terms(query))


class TestTrustFilter:
    @pytest.mark.parametrize(
        ("trusted", "contributed", "expected"),
        [
            (None, None, TrustFilter.ANY),
            (False, False, TrustFilter.ANY),
            (False, None, TrustFilter.ANY),
            (None, False, TrustFilter.ANY),
            (True, True, TrustFilter.ANY),
            (True, None, TrustFilter.TRUSTED),
            (True, False, TrustFilter.TRUSTED),
            (None, True, TrustFilter.CONTRIBUTED),
            (False, True, TrustFilter.CONTRIBUTED),
        ],
    )
    def test_asking_for_both_or_neither_restricts_nothing(
        self, trusted: bool | None, contributed: bool | None, expected: TrustFilter
    ) -> None:
        assert TrustFilter.of(trusted=trusted, contributed=contributed) is expected
