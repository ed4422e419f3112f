"""The contract of the archive key signer, held by the memory twin and the token signer; then what only tokens do."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey

from terrareg_adapters.memory.signing import MemoryArchiveKeySigner
from terrareg_adapters.signing.archive_keys import JwsArchiveKeySigner
from terrareg_core.errors import InvalidPresignedKey
from terrareg_core.modules.ports import ArchiveKeySigner

PATH = "/v1/terrareg/modules/acme/vpc/aws/1.0.0"
NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
SOON = NOW + timedelta(seconds=10)
SECRET = "a secret of the registry"
SIGNERS: dict[str, ArchiveKeySigner] = {"memory": MemoryArchiveKeySigner(), "jws": JwsArchiveKeySigner(SECRET)}

PATHS = st.text(max_size=200)
TIMES = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 28), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture(params=SIGNERS)
def signer(request: pytest.FixtureRequest) -> ArchiveKeySigner:
    return SIGNERS[request.param]


def is_valid(signer: ArchiveKeySigner, key: str, path: str = PATH, now: datetime = NOW) -> bool:
    try:
        signer.verify(key, path, now)
    except InvalidPresignedKey:
        return False
    return True


class TestArchiveKeySigner:
    def test_a_key_opens_its_path_any_number_of_times(self, signer: ArchiveKeySigner) -> None:
        key = signer.sign(PATH, SOON)
        assert all(is_valid(signer, key) for _ in range(3))

    def test_a_key_is_good_until_just_before_its_expiry(self, signer: ArchiveKeySigner) -> None:
        key = signer.sign(PATH, SOON)
        assert is_valid(signer, key, now=SOON - timedelta(microseconds=1))
        assert not is_valid(signer, key, now=SOON)
        assert not is_valid(signer, key, now=SOON + timedelta(days=4000))

    def test_the_zones_of_the_two_times_make_no_difference(self, signer: ArchiveKeySigner) -> None:
        east = timezone(timedelta(hours=9))
        key = signer.sign(PATH, SOON.astimezone(east))
        assert is_valid(signer, key, now=SOON - timedelta(seconds=1))
        assert not is_valid(signer, key, now=(SOON + timedelta(seconds=1)).astimezone(east))

    def test_an_expiry_without_zone_is_a_mistake(self, signer: ArchiveKeySigner) -> None:
        with pytest.raises(ValueError, match="time zone"):
            signer.sign(PATH, SOON.replace(tzinfo=None))

    def test_the_key_is_one_segment_of_a_url_path(self, signer: ArchiveKeySigner) -> None:
        assert re.fullmatch(r"[0-9A-Za-z._~-]+", signer.sign(PATH, SOON))

    def test_every_refusal_reads_alike(self, signer: ArchiveKeySigner) -> None:
        key = signer.sign(PATH, SOON)
        messages = set()
        for candidate, path, now in [("", PATH, NOW), (key[:-1], PATH, NOW), (key, "/other", NOW), (key, PATH, SOON)]:
            with pytest.raises(InvalidPresignedKey) as caught:
                signer.verify(candidate, path, now)
            messages.add(caught.value.message)
        assert len(messages) == 1

    def test_every_single_altered_character_is_refused(self, signer: ArchiveKeySigner) -> None:
        key = signer.sign(PATH, SOON)
        for place, character in enumerate(key):
            for other in "AZaz09-_.~ é\0":
                if other != character:
                    assert not is_valid(signer, key[:place] + other + key[place + 1 :]), (place, other)
            assert not is_valid(signer, key[:place] + key[place + 1 :])
            assert not is_valid(signer, key[:place] + "A" + key[place:])

    @given(path=PATHS, other=PATHS, expiry=TIMES)
    @example(path="/a", other="/a/", expiry=NOW)
    def test_a_key_is_good_for_exactly_its_path_and_window(self, path: str, other: str, expiry: datetime) -> None:
        for signer in SIGNERS.values():
            key = signer.sign(path, expiry)
            before = expiry - timedelta(microseconds=1)
            assert is_valid(signer, key, path, before)
            assert not is_valid(signer, key, path, expiry)
            assert is_valid(signer, key, other, before) == (other == path)

    @given(key=st.text(max_size=300), path=PATHS)
    def test_whatever_the_text_only_the_one_refusal_is_raised(self, key: str, path: str) -> None:
        for signer in SIGNERS.values():
            assert not is_valid(signer, key, path)

    @given(tail=st.text(max_size=300))
    def test_whatever_follows_a_genuine_beginning_only_the_one_refusal_is_raised(self, tail: str) -> None:
        for signer in SIGNERS.values():
            genuine = signer.sign(PATH, SOON)
            head, _, rest = genuine.partition(".")
            assert is_valid(signer, f"{head}.{tail}") == (tail == rest)
            assert not is_valid(signer, f"{genuine}.{tail}")

    def test_a_key_of_another_signer_is_refused(self, signer: ArchiveKeySigner) -> None:
        for other in (MemoryArchiveKeySigner(), JwsArchiveKeySigner("another secret")):
            assert not is_valid(signer, other.sign(PATH, SOON))

    def test_a_huge_text_is_refused(self, signer: ArchiveKeySigner) -> None:
        assert not is_valid(signer, signer.sign(PATH, SOON) + "A" * 10_000_000)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


CLAIMS = {"path": PATH, "expires_at": SOON.isoformat()}
PURPOSE = "terrareg-archive-key"
DERIVED = OctKey.import_key(hmac.digest(SECRET.encode(), PURPOSE.encode(), hashlib.sha256))


class TestJwsArchiveKeySigner:
    """Tokens forged with the very key that the signer derives: only the header and the claims can give them away."""

    @staticmethod
    def forged(header: dict[str, object], payload: str = json.dumps(CLAIMS), key: OctKey = DERIVED) -> str:
        algorithms = ["HS256", "HS384", "HS512"]
        return jws.serialize_compact(header, payload, key, algorithms=algorithms)

    def test_the_forgery_that_makes_no_mistake_is_accepted(self) -> None:
        assert is_valid(SIGNERS["jws"], self.forged({"alg": "HS256", "typ": PURPOSE}))

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "HS512", "typ": PURPOSE},
            {"alg": "HS384", "typ": PURPOSE},
            {"alg": "HS256"},
            {"alg": "HS256", "typ": "JWT"},
            {"alg": "HS256", "typ": f"{PURPOSE}-2"},
            {"alg": "HS256", "typ": PURPOSE, "kid": "1"},
        ],
    )
    def test_another_algorithm_or_purpose_in_the_header_is_refused(self, header: dict[str, object]) -> None:
        assert not is_valid(SIGNERS["jws"], self.forged(header))

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 5, ["HS256"], {}])
    @pytest.mark.parametrize("signature", ["", "AAAA"])
    def test_an_unsigned_token_is_refused(self, algorithm: object, signature: str) -> None:
        header = segment({"alg": algorithm, "typ": PURPOSE})
        assert not is_valid(SIGNERS["jws"], f"{header}.{segment(CLAIMS)}.{signature}")

    def test_a_token_signed_with_the_secret_itself_is_refused(self) -> None:
        direct = OctKey.import_key(SECRET)
        assert not is_valid(SIGNERS["jws"], self.forged({"alg": "HS256", "typ": PURPOSE}, key=direct))

    def test_a_header_of_hostile_json_is_refused(self) -> None:
        for header in ("[]", "5", '"x"', "null", "[" * 300, '{"alg":"HS256","b64":false,"crit":["b64"]}', "{"):
            encoded = base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode()
            assert not is_valid(SIGNERS["jws"], f"{encoded}.{segment(CLAIMS)}.AAAA")

    def test_signers_of_one_secret_accept_each_others_keys(self) -> None:
        assert is_valid(JwsArchiveKeySigner(SECRET), SIGNERS["jws"].sign(PATH, SOON))

    def test_an_empty_secret_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="secret"):
            JwsArchiveKeySigner("")

    def test_a_path_too_long_for_a_key_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="too long"):
            SIGNERS["jws"].sign("/" * 5000, SOON)

    def test_the_longest_address_fits_into_a_key(self) -> None:
        longest = "/v1/terrareg/modules/" + "/".join(["a" * 128] * 4)
        assert len(SIGNERS["jws"].sign(longest, SOON)) <= 4096
