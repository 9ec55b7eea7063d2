"""What the first bytes of a PNG or JPEG say, without decoding it."""

import struct
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Colour types of PNG: https://www.w3.org/TR/png-3/#11IHDR. A palette is of RGB.
_CHANNELS = {0: 1, 2: 3, 3: 3}
# Markers that begin a JPEG frame: SOF0 to SOF15 without DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length: TEM, RST0 to RST7.
_BARE = frozenset([0x01, *range(0xD0, 0xD8)])
_CONVERT = "Convert it to 8-bit RGB or greyscale without transparency"


class Header(NamedTuple):
    """Size of an image; 1 channel is greyscale, 3 are RGB."""

    height: int
    width: int
    channels: int


def read(data: bytes) -> Header:
    """Returns the size of an 8-bit PNG or JPEG.

    Args:
        data: All bytes of the file.

    Raises:
        ValueError: If it is another format, is cut short, has 16 bits per channel,
            transparency, or colours that are not RGB; as a sentence about "it".
    """
    if data.startswith(_PNG):
        return _read_png(data)
    if data.startswith(_JPEG):
        return _read_jpeg(data)
    if not data:
        raise ValueError("it is empty")
    raise ValueError("it is neither a PNG nor a JPEG, whatever its name says")


def _read_png(data: bytes) -> Header:
    if b"IEND" not in data[-4096:] or len(data) < 33:
        raise ValueError("it is truncated: the end of the PNG is missing")
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    if depth == 16:
        raise ValueError(f"it has 16 bits per channel. {_CONVERT}")
    transparent = b"tRNS" in data[: data.find(b"IDAT")]
    if colour not in _CHANNELS or transparent:
        raise ValueError(f"it has an alpha channel. {_CONVERT}")
    return Header(height, width, _CHANNELS[colour])


def _read_jpeg(data: bytes) -> Header:
    position = 2
    while position + 9 < len(data):
        if data[position] != 0xFF:
            raise ValueError("it is damaged: a segment of the JPEG is missing")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _BARE:
            position += 2
            continue
        if marker in _FRAMES:
            depth, height, width, channels = struct.unpack(
                ">BHHB", data[position + 4 : position + 10]
            )
            return _checked_jpeg(data, depth, Header(height, width, channels))
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise ValueError("it is truncated: the JPEG ends before the image")


def _checked_jpeg(data: bytes, depth: int, header: Header) -> Header:
    if b"\xff\xd9" not in data[-4096:]:
        raise ValueError("it is truncated: the end of the JPEG is missing")
    if depth != 8:
        raise ValueError(f"it has {depth} bits per channel. {_CONVERT}")
    if header.channels not in (1, 3):
        raise ValueError(f"it has {header.channels} channels (CMYK). {_CONVERT}")
    return header
