"""How this registry takes part in SAML."""

import attrs

PASSWORD_PROTECTED_TRANSPORT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a URN


@attrs.frozen(kw_only=True)
class SamlOptions:
    """The registry as a service provider, and its one identity provider; addresses are URLs."""

    entity_id: str
    """The registry's own name."""
    acs_url: str
    """Where identity providers send browsers back to: the public address of `/saml/login?acs`."""
    public_key: str
    """The registry's X.509 certificate, as PEM text."""
    private_key: str = attrs.field(repr=False)
    """The RSA key that belongs to it, as PEM text without a password."""
    idp_metadata_url: str
    idp_entity_id: str = ""
    """Which identity provider of the metadata is meant; empty for the first."""
    group_attribute: str = "groups"
    """The name of the attribute whose values are the groups of a person."""
    authn_context: tuple[str, ...] = (PASSWORD_PROTECTED_TRANSPORT,)
    """The ways of authentication that are asked for, of which one must have been used; empty for any."""
    signed_messages: bool = True
    """Whether the response must be signed as a whole, beside the assertion in it, which must be in any case."""
    debug: bool = False
    """Whether the names of attributes, and why responses are refused, are logged."""
