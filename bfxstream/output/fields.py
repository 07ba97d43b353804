"""The keys of records: which there are, and a choice of them in an order of the user's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, get_args

from msgspec import UNSET, Struct

from bfxstream.condition import Condition
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import AccountSubscription, Subscription
from bfxstream.protocol.numbers import NULL
from bfxstream.protocol.views import BookView, record_type

if TYPE_CHECKING:
    from bfxstream.protocol.account.filters import AccountFilter

_ADDED_BY = {"seq": "--seq", "received_mts": "--timestamps", "server_mts": "--timestamps"}


def known_fields(
    subscriptions: Iterable[Subscription],
    view: BookView,
    *,
    seq: bool,
    timestamps: bool,
    account: AccountFilter | None = None,
) -> list[str]:
    """Every key that the records of these subscriptions have, in output order, once each.

    `account` is what is wanted of the account, where that is subscribed; None is all of it.
    """
    stamps = ["seq"] * seq + ["received_mts", "server_mts"] * timestamps
    ordered: dict[str, None] = {}
    for subscription in subscriptions:
        for record in _records_of(subscription, view, account):
            for name in record.__struct_fields__:
                if name not in _ADDED_BY:
                    ordered[name] = None
    return [*ordered, *stamps]


def _records_of(
    subscription: Subscription, view: BookView, account: AccountFilter | None
) -> tuple[type[Struct], ...]:
    if isinstance(subscription, AccountSubscription):
        from bfxstream.protocol.account.records import (  # noqa: PLC0415  rarely needed
            AccountRecord,
            kind_of,
        )

        kinds = get_args(AccountRecord)
        return (
            kinds if account is None else tuple(k for k in kinds if kind_of(k) in account.kinds())
        )
    return (record_type(subscription, view),)


def check_fields(chosen: Sequence[str], known: Sequence[str], option: str = "--fields") -> None:
    """Raise UsageError that names an unknown field and lists the known ones."""
    for name in chosen:
        if name in known:
            continue
        hint = f"known here: {', '.join(known)}"
        if name in _ADDED_BY:
            hint = f"add {_ADDED_BY[name]}"
        raise UsageError(f"unknown field {name!r} in {option}", hint=hint)


def check_condition(
    condition: Condition,
    subscriptions: Sequence[Subscription],
    view: BookView,
    known: Sequence[str],
    account: AccountFilter | None = None,
) -> None:
    """Raise UsageError for a field that no record has, or that cannot be compared as it is."""
    from bfxstream.protocol.schema import kinds_of_values  # noqa: PLC0415  rarely needed

    check_fields(condition.fields(), known, "--until")
    records = [record for each in subscriptions for record in _records_of(each, view, account)]
    condition.check(kinds_of_values(records))


def values_of(record: Struct, names: Sequence[str]) -> list[Any]:
    """The values of these keys; null where this kind of record does not have one."""
    values = (getattr(record, name, NULL) for name in names)
    return [NULL if value is UNSET else value for value in values]
