"""What each environment owns, kept in memory and moved on by reading only what is new in the log."""

from collections.abc import Mapping
from threading import Lock

from gitwarrant.audit.queries import ENTRY_KINDS, entry_of, owned
from gitwarrant.audit.recorder import Recorder, Selection
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind

NOTHING = Inventory.of(())


class Tracking:
    """The inventories of one log.

    The log alone says what is owned: this begins with all of it, and takes in
    each later record once, by its number. Two of them that begin anywhere come
    to the same end. Several threads may ask: an agent judges in one and watches in another.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self._read, self._lock = recorder, -1, Lock()
        self._inventories: dict[str, Inventory] = {}

    def inventory(self, environment: str) -> Inventory:
        """What an environment owns now."""
        self._catch_up()
        return self._inventories.get(environment, NOTHING)

    def owner(self, key: ObjectKey, among: frozenset[str]) -> str | None:
        """Which of some environments owns an object; None: none of them."""
        self._catch_up()
        found = (name for name in sorted(among) if key in self._inventories.get(name, NOTHING).by_key)
        return next(found, None)

    def _catch_up(self) -> None:
        with self._lock:
            self._take_in()

    def _take_in(self) -> None:
        if self._read < 0:
            self._begin()
        changes: dict[str, dict[ObjectKey, InventoryEntry | None]] = {}
        for record in self._recorder.read(self._read):
            self._read = record.number
            if record.kind is RecordKind.REBUILT:  # what it owned stayed in the cluster that it left
                changes.pop(record.environment, None)
                self._inventories[record.environment] = NOTHING
            if record.kind in ENTRY_KINDS and (found := entry_of(record)):
                key, entry = found
                changes.setdefault(record.environment, {})[key] = entry
        for environment, changed in changes.items():
            self._inventories[environment] = self._inventories.get(environment, NOTHING).after(changed)

    def _begin(self) -> None:
        newest = next(self._recorder.read(0, Selection(newest_first=True)), None)
        entries: dict[str, list[InventoryEntry]] = {}
        for environment, entry in owned(self._recorder, None):
            entries.setdefault(environment, []).append(entry)
        self._inventories = {name: Inventory.of(found) for name, found in entries.items()}
        self._read = newest.number if newest else 0

    def inventories(self) -> Mapping[str, Inventory]:
        """All of them, by environment."""
        self._catch_up()
        return dict(self._inventories)
