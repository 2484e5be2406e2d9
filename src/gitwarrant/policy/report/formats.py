"""Formats by name. A new one is a module beside its siblings, and a line here."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from gitwarrant.policy.report import human, json
from gitwarrant.policy.report.checked import Checked
from gitwarrant.policy.report.human import Line

Format: TypeAlias = Callable[[Checked], Iterator[Line]]
"""Tells a run line by line. Formats for programs use no styles."""

FORMATS: Mapping[str, Format] = {"text": human.lines, "json": json.lines}
