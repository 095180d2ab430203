"""`psa user …` and `psa token`: who may log in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from core.actor import SYSTEM
from core.errors import NotFound
from core.identity.roles import Role
from core.identity.service import NewUser
from core.ids import CustomerId
from core.settings import load_settings
from psa.output import command, print_json, print_rows, stdout
from psa.wiring import open_parts

user = typer.Typer(no_args_is_help=True, add_completion=False, help="Users.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@user.command("add")
@command
async def add(
    email: Annotated[str, typer.Argument(help="The address to log in with.")],
    first_name: Annotated[str, typer.Option()],
    last_name: Annotated[str, typer.Option()],
    role: Annotated[Role, typer.Option(help="One of the thirteen roles.")],
    customer: Annotated[UUID | None, typer.Option(help="The customer's id; for customer roles.")] = None,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="PSA_NEW_PASSWORD")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Add a user; the password is asked for."""
    async with open_parts(load_settings()) as parts:
        user_id = await parts.users.add_user(
            SYSTEM,
            NewUser(
                email=email,
                first_name=first_name,
                last_name=last_name,
                role=role,
                password=password,
                customer_id=CustomerId(customer) if customer else None,
            ),
        )
    if as_json:
        print_json({"id": user_id})
    else:
        stdout.print(f"{email} can log in as {role}.", highlight=False, markup=False)


@user.command("list")
@command
async def list_users(as_json: JsonOption = False) -> None:
    """Show the users."""
    async with open_parts(load_settings()) as parts:
        found = await parts.users.list_users(SYSTEM)
    rows = [
        {
            "email": each.email,
            "name": f"{each.first_name} {each.last_name}",
            "role": each.role.value,
            "active": each.is_active,
            "id": str(each.id),
        }
        for each in found
    ]
    print_rows(rows, ("email", "name", "role", "active", "id"), as_json=as_json, empty="No users; see `psa user add`.")


@user.command("directory")
@command
async def set_directory(
    email: Annotated[str, typer.Argument(help="Whose entry it is.")],
    directory_id: Annotated[str, typer.Argument(help="The object id in Entra ID; an empty text takes it away.")],
) -> None:
    """Note a user's entry in the organisation's directory: their Teams account is linked by it."""
    async with open_parts(load_settings()) as parts:
        found = [each for each in await parts.users.list_users(SYSTEM) if each.email == email.strip().lower()]
        if not found:
            raise NotFound("user", email)
        await parts.users.set_directory_id(SYSTEM, found[0].id, directory_id or None)
    stdout.print(f"{email} is {directory_id or 'in no directory'}.", highlight=False, markup=False)


@command
async def token(email: Annotated[str, typer.Option("--user", help="Whose token.")]) -> None:
    """Print an access token for the API, good for an hour, and nothing else."""
    async with open_parts(load_settings()) as parts:
        issued = await parts.users.issue_token(email)
    typer.echo(issued)
