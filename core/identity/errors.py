"""What can go wrong when someone says who they are."""

from __future__ import annotations

from core.errors import NotAuthenticated


class InvalidCredentials(NotAuthenticated):
    """Address and password do not belong together, or the account is locked or closed; which one is not told."""

    def __init__(self) -> None:
        super().__init__("The address or the password is wrong.")
