"""Proof that a browser's request comes from the registry's own pages (chapter 04, 6)."""

from enum import Enum

import attrs

from terrareg_core.access.authentication import Caller
from terrareg_core.access.keys import SessionKeys
from terrareg_core.errors import CrossSiteRequest


class CsrfRule(Enum):
    """What a write asks of browsers; callers with a key or token are asked for nothing."""

    NONE = "none"
    """Nothing: it has a proof of its own, or changes nothing."""
    SAME_ORIGIN = "same origin"
    """The session's token, or a request that no other site made; of anonymous callers the latter (6.3, 5 and 6)."""
    TOKEN = "token"  # noqa: S105 - a word
    """The session's token."""


@attrs.frozen(kw_only=True)
class RequestOrigin:
    """What a browser tells of where a request comes from; None where a header is absent."""

    fetch_site: str | None = None
    """`Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/)."""
    fetch_mode: str | None = None
    """`Sec-Fetch-Mode`."""
    origin: str | None = None
    """`Origin` (RFC 6454)."""
    own: str = ""
    """The registry's own origin as browsers write it."""

    @property
    def is_cross_site(self) -> bool:
        """Whether another site may have made the request."""
        if self.fetch_site is not None:
            return self.fetch_site not in {"same-origin", "none"}
        return self.origin is not None and self.origin != self.own

    @property
    def may_sign_out(self) -> bool:
        """Whether a GET may end a session: from the registry's own pages, or when somebody follows a link."""
        return self.fetch_mode in {None, "navigate"} or not self.is_cross_site

    @property
    def is_known_to_be_cross_site(self) -> bool:
        """Whether the browser says that another site sent it here."""
        return self.fetch_site == "cross-site"


def require_own_page(
    rule: CsrfRule, caller: Caller, keys: SessionKeys | None, token: str | None, origin: RequestOrigin
) -> None:
    """Return if a request is no other site's doing; `token` is what it presents as the session's CSRF token.

    Raises CrossSiteRequest.
    """
    identity = caller.identity
    if rule is CsrfRule.NONE or not (identity.is_session or identity.is_anonymous):
        return
    if identity.is_session:
        session = caller.session
        if token and keys is not None and session is not None and keys.proves(token, session.csrf_secret):
            return
        if token or rule is CsrfRule.TOKEN:
            raise CrossSiteRequest("The CSRF token is missing or wrong; reload the page and try again")
    if origin.is_cross_site:
        raise CrossSiteRequest("Another site made this request; use the registry's own pages, or an API key")
