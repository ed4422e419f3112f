"""How this registry takes part in OpenID Connect."""

import attrs


@attrs.frozen(kw_only=True)
class OpenIdOptions:
    """How the registry is known to a provider, and what it asks of it."""

    issuer: str
    """Its URL, with or without a slash at the end."""
    client_id: str
    client_secret: str = attrs.field(repr=False)
    redirect_uri: str
    """Where the provider sends browsers back to, as registered there."""
    scopes: tuple[str, ...] = ("openid", "profile")
    groups_claim: str = "groups"
    debug: bool = False
    """Whether the log shows what is asserted of everybody who signs in: user and groups, never tokens."""
