"""Parsers that are wrong on purpose, to see that fuzzing tells."""

from collections.abc import Iterator, Mapping

from tests.fuzz.target import Target


def _seeds() -> Iterator[bytes]:
    yield b"x"


def _crash(data: bytes) -> None:
    if data[:1] == b"x":
        raise KeyError("an error that is not ours")


def _hang(data: bytes) -> None:
    while data[:1] == b"x":
        pass


def _refuse(data: bytes) -> None:
    raise ValueError("refused")


TARGETS: Mapping[str, Target] = {
    "crash": Target(_crash, ValueError, _seeds),
    "hang": Target(_hang, ValueError, _seeds),
    "sound": Target(_refuse, ValueError, _seeds),
}
