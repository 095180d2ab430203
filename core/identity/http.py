"""The routes of users: log in, verify tokens elsewhere, see and add users."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from core.clock import Clock
from core.errors import NotFound
from core.http.envelope import Document, Page, PageQuery, document, page, resource
from core.http.route import Call, Input, Reply, Route
from core.identity.queries import User
from core.identity.roles import Permission, Role
from core.identity.service import NewUser, Users
from core.identity.tokens import AccessTokens
from core.ids import CustomerId

TAG_AUTH = "auth"
TAG_USERS = "users"
JWKS_MAX_AGE_SECONDS = 300

Password = Annotated[str, StringConstraints(strip_whitespace=False, max_length=1000)]
"""Every character counts, spaces at its ends too."""


class Credentials(Input):
    email: str = Field(max_length=254)
    password: Password = Field(repr=False)


class Token(BaseModel):
    """The names are those of RFC 6749 section 5.1; `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class JsonWebKey(BaseModel):
    """An RSA key (RFC 7518 section 6.3.1)."""

    kty: str
    use: str
    alg: str
    kid: str
    n: str
    e: str


class JsonWebKeySet(BaseModel):
    keys: list[JsonWebKey]


class UserInput(Input):
    """A user to add. Without a password there is no logging in."""

    email: str = Field(max_length=254)
    first_name: str = Field(min_length=1, max_length=100)
    last_name: str = Field(min_length=1, max_length=100)
    role: Role
    password: Password | None = Field(None, repr=False, description="At least 12 characters.")
    customer_id: UUID | None = Field(None, description="Of customer roles, and only of those.")
    phone: str | None = Field(None, max_length=50)
    language: Literal["de", "en"] = "de"
    timezone: str = Field("Europe/Vienna", max_length=64, description="A name of the IANA time zone database.")


class UserAttributes(BaseModel):
    email: str
    first_name: str
    last_name: str
    phone: str | None
    role: Role
    language: str
    timezone: str
    is_active: bool
    last_login_at: datetime | None
    locked_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class OwnAttributes(UserAttributes):
    permissions: list[Permission]


def routes(users: Users, tokens: AccessTokens, clock: Clock) -> tuple[Route, ...]:
    """The routes of users and access tokens."""
    answers = _Answers(users, tokens, clock)
    return (
        Route(
            "POST",
            "/api/v1/auth/login",
            "Log in with address and password",
            answers.log_in,
            permissions=None,
            response=Token,
            tag=TAG_AUTH,
            body=Credentials,
        ),
        Route(
            "GET",
            "/api/v1/auth/jwks.json",
            "The public keys that access tokens are verified with",
            answers.show_keys,
            permissions=None,
            response=JsonWebKeySet,
            tag=TAG_AUTH,
        ),
        Route(
            "GET",
            "/api/v1/users",
            "List users",
            answers.list_users,
            permissions=frozenset({Permission.USER_VIEW}),
            response=Page[UserAttributes],
            tag=TAG_USERS,
            query=PageQuery,
        ),
        Route(
            "GET",
            "/api/v1/users/me",
            "Who you are and what you may do",
            answers.show_me,
            permissions=frozenset(Permission),
            response=Document[OwnAttributes],
            tag=TAG_USERS,
        ),
        Route(
            "POST",
            "/api/v1/users",
            "Add a user",
            answers.add_user,
            permissions=frozenset({Permission.USER_MANAGE}),
            response=Document[UserAttributes],
            status=201,
            tag=TAG_USERS,
            body=UserInput,
        ),
    )


class _Answers:
    def __init__(self, users: Users, tokens: AccessTokens, clock: Clock) -> None:
        self._users = users
        self._tokens = tokens
        self._clock = clock

    async def log_in(self, call: Call) -> Reply:
        sent = call.body(Credentials)
        log_in = await self._users.log_in(sent.email, sent.password, call.actor.ip_address)
        return Reply(
            {
                "access_token": log_in.access_token,
                "token_type": "Bearer",
                "expires_in": log_in.expires_in_seconds,
            },
            headers={"Cache-Control": "no-store"},
        )

    async def show_keys(self, call: Call) -> Reply:
        max_age = f"public, max-age={JWKS_MAX_AGE_SECONDS}"
        return Reply(await self._tokens.jwks(), headers={"Cache-Control": max_age})

    async def list_users(self, call: Call) -> Reply:
        query = call.query(PageQuery)
        found = await self._users.list_users(call.actor, offset=query.offset, limit=query.limit)
        total = await self._users.count_users(call.actor)
        data = [_resource(user, UserAttributes) for user in found]
        return Reply(page(data, query, total, call.url, self._clock.now()))

    async def show_me(self, call: Call) -> Reply:
        if call.actor.user_id is None:
            raise NotFound("user", "me")
        user = await self._users.get_user(call.actor, call.actor.user_id)
        return Reply(document(_resource(user, OwnAttributes), self._clock.now()))

    async def add_user(self, call: Call) -> Reply:
        sent = call.body(UserInput)
        new = NewUser(
            email=sent.email,
            first_name=sent.first_name,
            last_name=sent.last_name,
            role=sent.role,
            password=sent.password,
            customer_id=CustomerId(sent.customer_id) if sent.customer_id else None,
            phone=sent.phone,
            language=sent.language,
            timezone=sent.timezone,
        )
        user = await self._users.get_user(call.actor, await self._users.add_user(call.actor, new))
        return Reply(document(_resource(user, UserAttributes), self._clock.now()), status=201)


def _resource(user: User, attributes: type[UserAttributes]) -> dict[str, object]:
    row = asdict(user) | {"permissions": sorted(user.permissions)}
    return resource("user", row, attributes, relationships={"customer": ("customer", user.customer_id)})
