"""The wire encoding that SSH keys and signatures share: length-prefixed strings, nothing left over."""

import struct

UINT32 = struct.Struct(">I")
UINT64 = struct.Struct(">Q")


class Malformed(ValueError):
    """Bytes that break the encoding. Never leaves this package: the reader of keys or signatures names it."""


class Reader:
    """Reads one value after the other, and refuses what is short, too long or not minimal.

    Source: RFC 4251, section 5.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def at(self) -> int:
        """How many bytes were read."""
        return self._at

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return len(self._data) - self._at

    def since(self, start: int) -> bytes:
        """The bytes read since a place, to take over or to verify as they stand."""
        return self._data[start : self._at]

    def take(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        end = self._at + count
        if end > len(self._data):
            raise Malformed("it ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def uint32(self) -> int:
        """Read a number of four bytes."""
        number: int = UINT32.unpack(self.take(4))[0]
        return number

    def uint64(self) -> int:
        """Read a number of eight bytes."""
        number: int = UINT64.unpack(self.take(8))[0]
        return number

    def string(self) -> bytes:
        """Read a string: its length, then so many bytes."""
        start = self._at + 4
        end = start + int.from_bytes(self._data[self._at : start], "big")
        if end > len(self._data):  # also where fewer than four bytes told the length
            raise Malformed("it ends too early")
        self._at = end
        return self._data[start:end]

    def text(self) -> str:
        """Read a string that names something: printable ASCII."""
        data = self.string()
        name = data.decode("ascii") if data.isascii() else "\0"
        if not name.isprintable():
            raise Malformed("a name in it is not printable ASCII")
        return name

    def positive(self) -> int:
        """Read a positive multiple precision integer in its shortest form."""
        data = self.string()
        if not data or data[0] & 0x80 or (data[0] == 0 and not (len(data) > 1 and data[1] & 0x80)):
            raise Malformed("a number in it is not positive, or has needless zeros")
        return int.from_bytes(data, "big")

    def end(self) -> None:
        """Refuse anything after the last value."""
        if self._at != len(self._data):
            raise Malformed(f"{len(self._data) - self._at} bytes follow its end")


def string(data: bytes) -> bytes:
    """Write a string: its length, then its bytes."""
    return UINT32.pack(len(data)) + data
