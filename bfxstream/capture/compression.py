"""A file's bytes, packed and unpacked: gzip, Zstandard, or as they are.

What is packed is flushed now and then, so that a crash takes no more than what came since; what
breaks off or is damaged is read up to there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from bfxstream.errors import UsageError

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to be told of gzip's header
_GZIP_MAGIC, _ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_READ_BYTES = 65536
_UNPACK_BYTES = 512
"""At once: where there is damage, what these would have given is lost."""


class Packer(Protocol):
    """Takes bytes, gives packed ones now or later."""

    def pack(self, data: bytes) -> bytes:
        """Take these; what of the packed ones is ready."""
        ...

    def flush(self) -> bytes:
        """All that can be unpacked to everything that was taken."""
        ...

    def finish(self) -> bytes:
        """The end; nothing may follow."""
        ...


class BrokenOff(Exception):
    """The packed bytes end in the middle."""


class Damaged(Exception):
    """The packed bytes cannot be unpacked from here on."""


class _Plain:
    def pack(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""

    finish = flush


class _Gzip:
    def __init__(self) -> None:
        self._packer = zlib.compressobj(wbits=_GZIP)

    def pack(self, data: bytes) -> bytes:
        return self._packer.compress(data)

    def flush(self) -> bytes:
        return self._packer.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._packer.flush(zlib.Z_FINISH)


class _Zstandard:
    """Of the package `zstandard`."""

    def __init__(self, module: Any) -> None:
        self._packer = module.ZstdCompressor().compressobj()
        self._block = module.COMPRESSOBJ_FLUSH_BLOCK

    def pack(self, data: bytes) -> bytes:
        return bytes(self._packer.compress(data))

    def flush(self) -> bytes:
        return bytes(self._packer.flush(self._block))

    def finish(self) -> bytes:
        return bytes(self._packer.flush())


class _StandardZstandard:
    """Of Python's own library."""

    def __init__(self, module: Any) -> None:
        self._packer = module.ZstdCompressor()
        self._block = self._packer.FLUSH_BLOCK

    def pack(self, data: bytes) -> bytes:
        return bytes(self._packer.compress(data))

    def flush(self) -> bytes:
        return bytes(self._packer.flush(self._block))

    def finish(self) -> bytes:
        return bytes(self._packer.flush())


def packer_for(name: str) -> Packer:
    """What packs a file of this name. Raises UsageError where that cannot be done here."""
    if name.endswith(".gz"):
        return _Gzip()
    if name.endswith(".zst"):
        module, is_standard = _zstandard(name)
        return _StandardZstandard(module) if is_standard else _Zstandard(module)
    return _Plain()


def unpacked(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The file's bytes, piece by piece, unpacked where they are packed: told by how they begin.

    Raises BrokenOff or Damaged behind the last byte that can be had, UsageError where unpacking it
    cannot be done here.
    """
    beginning = file.read(_READ_BYTES)
    if beginning.startswith(_GZIP_MAGIC):
        return _unpack(file, beginning, lambda: zlib.decompressobj(_GZIP), zlib.error)
    if beginning.startswith(_ZSTD_MAGIC):
        module, is_standard = _zstandard(name)
        if is_standard:
            return _unpack(file, beginning, module.ZstdDecompressor, module.ZstdError)
        make = module.ZstdDecompressor().decompressobj
        return _unpack(file, beginning, make, module.ZstdError)
    return _pieces(file, beginning)


def _pieces(file: BinaryIO, beginning: bytes) -> Iterator[bytes]:
    while beginning:
        yield beginning
        beginning = file.read(_READ_BYTES)


def _unpack(
    file: BinaryIO, beginning: bytes, make: Any, damage: type[Exception]
) -> Iterator[bytes]:
    """Members one after the other, as `cat` joins them."""
    unpacker: Any = None
    for piece in _pieces(file, beginning):
        data: list[bytes] = []
        try:
            for at in range(0, len(piece), _UNPACK_BYTES):
                left = piece[at : at + _UNPACK_BYTES]
                while left:
                    unpacker = unpacker or make()
                    data.append(unpacker.decompress(left))
                    left = unpacker.unused_data if unpacker.eof else b""
                    if unpacker.eof:
                        unpacker = None
        except damage as error:
            yield b"".join(data)
            raise Damaged(str(error)) from None
        yield b"".join(data)
    if unpacker is not None:
        raise BrokenOff("it ends in the middle")


def _zstandard(name: str) -> tuple[Any, bool]:
    """The library, and whether it is Python's own."""
    import importlib  # noqa: PLC0415  rarely needed

    for module, is_standard in (("compression.zstd", True), ("zstandard", False)):
        try:
            return importlib.import_module(module), is_standard
        except ImportError:
            continue
    raise UsageError(
        f"{name}: Zstandard is not installed",
        hint="pip install 'bfxstream[zst]', or use a name that ends in .gz",
    )
