"""What the SCIM half says of itself, built on scim2-models; and how an account is drawn as a SCIM user.

The drawing is a plain dictionary: it stands on the path of every read and PATCH, where building and dumping a
model would cost ten times as much. A test holds that each drawing parses as `User[AccountExtension]`.
"""

from functools import cache
from typing import Annotated, Any

from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Mutability,
    Pagination,
    Patch,
    Required,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
    User,
)

from bot.sandbox.platform.accounts import Account
from bot.sandbox.platform.moments import written

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
ACCOUNT_SCHEMA = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account"
LARGEST_PAGE = 1000

# Of the core schema's attributes these alone exist here, and the handle and the state always have a value.
_USED = {"userName": True, "displayName": False, "active": True}


class ActorValue(ComplexAttribute):
    """Who did it."""

    id: Annotated[str | None, Mutability.read_only] = None
    kind: Annotated[str | None, Mutability.read_only] = None


class DeactivationValue(ComplexAttribute):
    """Why and since when the account is down."""

    actor: Annotated[ActorValue | None, Mutability.read_only] = None
    at: Annotated[str | None, Mutability.read_only] = None
    operation: Annotated[str | None, Mutability.read_only] = None
    reason: Annotated[str | None, Mutability.read_only] = None
    purge_at: Annotated[str | None, Mutability.read_only] = None


class AccountExtension(Extension):
    """What makes a SCIM user an account of this platform."""

    __schema__ = URN(ACCOUNT_SCHEMA)

    followers: Annotated[int | None, Required.true] = None
    following: Annotated[int | None, Required.true] = None
    verified: Annotated[bool | None, Required.true] = None
    tags: list[str] | None = None
    deactivation: Annotated[DeactivationValue | None, Mutability.read_only] = None


AccountUser = User[Annotated[AccountExtension, Required.true]]  # every account has its counts


def drawn(account: Account, *, base_url: str) -> dict[str, Any]:
    """Return the account as a SCIM user."""
    return {
        "schemas": [USER_SCHEMA, ACCOUNT_SCHEMA],
        "id": account.id,
        "externalId": account.external_id,
        "userName": account.handle,
        "displayName": account.display_name,
        "active": account.active,
        ACCOUNT_SCHEMA: {
            "followers": account.followers,
            "following": account.following,
            "verified": account.verified,
            "tags": list(account.tags),
            "deactivation": None if account.deactivation is None else account.deactivation.drawn(),
        },
        "meta": {
            "resourceType": "User",
            "created": written(account.created),
            "lastModified": written(account.modified),
            "location": f"{base_url}/scim/v2/Users/{account.id}",
            "version": account.etag,
        },
    }


@cache
def schemas() -> tuple[dict[str, Any], ...]:
    """Return what `/Schemas` lists, with the core user cut down to what exists here; to be read alone."""
    user = User.to_schema()
    user.attributes = [attribute for attribute in user.attributes or [] if attribute.name in _USED]
    for attribute in user.attributes:
        attribute.required = Required(_USED[str(attribute.name)])
    described: list[Schema] = [user, AccountExtension.to_schema()]
    described += [model.to_schema() for model in (ResourceType, ServiceProviderConfig, Schema)]
    return tuple(_dumped(schema) for schema in described)


@cache
def resource_types() -> tuple[dict[str, Any], ...]:
    return (_dumped(ResourceType.from_resource(AccountUser)),)


@cache
def service_provider_config() -> dict[str, Any]:
    return _dumped(
        ServiceProviderConfig(
            patch=Patch(supported=True),
            bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
            filter=Filter(supported=True, max_results=LARGEST_PAGE),
            change_password=ChangePassword(supported=False),
            sort=Sort(supported=False),
            etag=ETag(supported=True),
            pagination=Pagination(cursor=False, index=True, default_page_size=LARGEST_PAGE, max_page_size=LARGEST_PAGE),
            authentication_schemes=[
                AuthenticationScheme(
                    type=AuthenticationScheme.Type.oauthbearertoken,
                    name="Bearer token",
                    description="The token tells who calls.",
                    primary=True,
                )
            ],
        )
    )


def _dumped(resource: Resource[Any]) -> dict[str, Any]:
    return resource.model_dump(exclude_none=True)
