"""The values that an option can have, for types and for the command line; loading this costs nothing."""

from __future__ import annotations

from typing import Literal

Lang = Literal["nl", "en"]
Profile = Literal["smoke", "standard", "full"]
"""How much is judged, from little to all."""
Large = Literal["one", "all"]
"""Which operations carry the full size: one of them, or all."""
