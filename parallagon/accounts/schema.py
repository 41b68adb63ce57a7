"""What the API's description says of signing in."""

from drf_spectacular.authentication import SessionScheme


class BrowserSession(SessionScheme):  # type: ignore[no-untyped-call] # its base has no types
    """The session's cookie; its name holds the port, so it is read when it is asked for."""

    target_class = "parallagon.accounts.authentication.SessionAuthentication"
