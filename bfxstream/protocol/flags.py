"""The configuration flags that a connection asks for, by what it is to carry."""

from __future__ import annotations

from collections.abc import Sequence

from bfxstream.protocol.channels import BookSubscription, Subscription
from bfxstream.protocol.codes import Conf


def conf_for(wanted: Sequence[Subscription], *, timestamps: bool) -> Conf:
    """The flags that these subscriptions need: sequence numbers always, so that holes show."""
    conf = Conf.SEQ_ALL
    books = [wish for wish in wanted if isinstance(wish, BookSubscription)]
    if books:
        conf |= Conf.BULK_UPDATES
    if any(book.verifiable for book in books):
        conf |= Conf.OB_CHECKSUM
    if timestamps:
        conf |= Conf.TIMESTAMP
    return conf
