"""What the first bytes of a PNG or JPEG say, without decoding it."""

import struct
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Colour types of PNG: https://www.w3.org/TR/png-3/#11IHDR. A palette is of RGB.
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}
_WITH_ALPHA = (4, 6)
# Markers that begin a JPEG frame: SOF0 to SOF15 without DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length: TEM, RST0 to RST7.
_BARE = frozenset([0x01, *range(0xD0, 0xD8)])
_CONVERT = "Convert it to 8-bit RGB or greyscale without transparency"


class Header(NamedTuple):
    """What a file says of its image.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1 is greyscale, 3 are RGB, 4 are CMYK; an alpha channel is none of
            them.
        bits: Per channel, 8 or 16; fewer are counted as 8.
        alpha: Whether pixels may be transparent.
    """

    height: int
    width: int
    channels: int
    bits: int = 8
    alpha: bool = False


def read(data: bytes) -> Header:
    """Returns what a PNG or JPEG says of its image.

    Args:
        data: All bytes of the file.

    Raises:
        ValueError: If it is another format, is cut short, or is a JPEG that cannot be
            decoded; as a sentence about "it".
    """
    if data.startswith(_PNG):
        return _read_png(data)
    if data.startswith(_JPEG):
        return _read_jpeg(data)
    if not data:
        raise ValueError("it is empty")
    raise ValueError("it is neither a PNG nor a JPEG, whatever its name says")


def unusual(header: Header) -> str:
    """Returns what keeps an image from being plain greyscale or RGB in 8 bits.

    Returns:
        A sentence about "it" that says what to do, empty where nothing does.
    """
    if header.bits != 8:
        return f"it has {header.bits} bits per channel. {_CONVERT}"
    if header.alpha:
        return f"it has an alpha channel. {_CONVERT}"
    if header.channels not in (1, 3):
        return f"it has {header.channels} channels (CMYK). {_CONVERT}"
    return ""


def _read_png(data: bytes) -> Header:
    if b"IEND" not in data[-4096:] or len(data) < 33:
        raise ValueError("it is truncated: the end of the PNG is missing")
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    if colour not in _CHANNELS:
        raise ValueError("it is damaged: no PNG has such colours")
    alpha = colour in _WITH_ALPHA or b"tRNS" in data[: data.find(b"IDAT")]
    return Header(height, width, _CHANNELS[colour], max(depth, 8), alpha)


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
    if header.channels not in (1, 3, 4):
        raise ValueError(f"it has {header.channels} channels. {_CONVERT}")
    return header
