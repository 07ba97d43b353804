"""What is wrong with the whole exchange at the moment: set by faults, read where it shows."""

from __future__ import annotations

import enum


class Condition(enum.Enum):
    """One thing that is wrong."""

    MAINTENANCE = "maintenance"  # nothing is sent but heartbeats, and nothing can be subscribed
    REJECTING = "rejecting"  # every `subscribe` is refused
    UNAVAILABLE = "unavailable"  # handshakes are answered with HTTP 503
    NO_HISTORY = "no history"  # REST knows no past trades


Conditions = set[Condition]
"""Empty while all is well."""
