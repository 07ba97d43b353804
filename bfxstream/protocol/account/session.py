"""The account's conversation with the exchange: a session whose one channel is number 0."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from bfxstream.protocol.account.messages import AccountDecoder
from bfxstream.protocol.auth import AuthAnswer, decode_auth_answer
from bfxstream.protocol.channel_state import Channel, ChannelState, Receiver
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.protocol.codes import Action, error_code
from bfxstream.protocol.decode import ROWS, UNREADABLE, FrameError, Message
from bfxstream.protocol.events import Subscribed
from bfxstream.protocol.objects import ObjectFrame
from bfxstream.protocol.patience import Patience
from bfxstream.protocol.session import Session

AUTH_REQUEST = b'{"event":"auth","apiKey":"<hidden>"}'
"""Stands for the signed `auth` event, which only the connection may see."""

_ACCOUNT_ID = 0


class AccountSession(Session):
    """Authenticates, and numbers and audits the account's messages.

    Nothing heals in place here: whatever is missing needs a new connection, whose snapshots and
    the history of executions tell what happened.
    """

    def __init__(
        self,
        receivers: Sequence[Receiver] | None,
        *,
        forgives_nonce: bool = False,
        patience: Patience | None = None,
    ) -> None:
        """With `forgives_nonce` a nonce that is too small is worth another connection: a call
        made at the same time may have overtaken it."""
        # The exchange's clock tells from when on to ask for what was missed.
        super().__init__([AccountSubscription()], receivers, timestamps=True, patience=patience)
        self.answer: AuthAnswer | None = None
        """What the exchange has granted."""
        self.nonce_refused = False
        self._forgives_nonce = forgives_nonce
        self._object = b""
        self._handlers["auth"] = self._on_auth

    def request(self, message: bytes) -> None:
        """Send an input of the account, such as an order, once and on this connection only."""
        self._outbox.append(message)

    def resubscribe(self, channel: Channel, reason: str) -> None:
        self.reconnect_reason = f"the account: {reason}"

    def server_mts_of(self, frame: bytes) -> int | None:
        # A number of the account's own may stand before the time.
        with contextlib.suppress(FrameError):
            return AccountDecoder(self.conf).decode(frame).server_mts
        return None

    def _receive_object(self, frame: bytes) -> None:
        self._object = frame
        super()._receive_object(frame)

    def _on_auth(self, event: ObjectFrame) -> None:
        try:
            answer = decode_auth_answer(self._object)
        except UNREADABLE:
            self.reconnect_reason = "the answer to the authentication cannot be read"
            return
        if answer.accepted:
            self._on_accepted(answer)
            return
        meaning = error_code(answer.code or 0, answer.msg or "")
        self.nonce_refused = meaning.name == "ERR_AUTH_NONCE"
        if meaning.action is Action.RETRY or (self.nonce_refused and self._forgives_nonce):
            self.reconnect_reason = f"the exchange says: {answer.msg} (code {answer.code})"
        else:
            raise answer.refusal()

    def _on_accepted(self, answer: AuthAnswer) -> None:
        self.answer = answer
        [channel] = self.channels
        self._enter(channel, ChannelState.ACTIVE)
        channel.chan_id = _ACCOUNT_ID
        channel.decode = self._decoder(channel)
        channel.snapshot_kind = ROWS
        channel.listen()
        channel.heard = True
        self._route(_ACCOUNT_ID, channel)
        self.events.append(Subscribed(channel.subscription.spec, _ACCOUNT_ID))

    def _decoder(self, channel: Channel) -> Callable[[bytes, int], Message]:
        return AccountDecoder(self.conf).decode

    def _ask(self, channel: Channel) -> None:
        if self.in_maintenance:
            self._enter(channel, ChannelState.WANTED)
            return
        self._enter(channel, ChannelState.ASKED)
        self._outbox.append(AUTH_REQUEST)

    def _ask_again(self, channel: Channel) -> None:
        self.reconnect_reason = "the authentication is not answered"

    def _resubscribe_all(self) -> None:
        self.reconnect_reason = "messages of the account may be missing"
