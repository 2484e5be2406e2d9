"""What somebody must hear of now."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.canonical import Digest


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `about` names its cause: the same cause is alarmed once."""

    about: Digest
    kind: str
    environment: str
    what: str
    at: datetime
