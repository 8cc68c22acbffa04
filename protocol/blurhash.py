"""The text of `Attachment.blurhash`: a picture's colours as a few cosines, to be shown until the picture is there.

The published algorithm of blurha.sh, with the digits and roundings of others' packages. Ours, because so few lines
are less to keep than a dependency of both sides, and because it sums rows and columns one after the other: half
of the time of `blurhash` 1.1, the one package without compiled code (32 × 32 pixels: 3 against 7 ms).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
WIDE, TALL = (4, 3), (3, 4)
"""Components for pictures that are wider than high, and for the others."""
_MOST_COMPONENTS = 9
_STEPS = 9
"""A component's colour has as many steps below and above zero."""
_LEVELS = 2 * _STEPS + 1
_PEAKS = 166
_MOST_PEAK = 82
_HEAD, _PER_COMPONENT = 6, 2
_DARK = 0.04045
"""Up to this share of a byte light grows in a straight line (sRGB)."""
_SHARPEST = 4096
"""Steps of linear light told apart when it becomes a byte: more than a byte's darkest steps need."""

Colour = tuple[float, float, float]
"""Red, green and blue, in linear light from 0 to 1 for a colour, around 0 for the amplitude of a component."""


def encode(rgb: bytes, width: int, height: int, counts: tuple[int, int] = WIDE) -> str:
    """The text for a picture of three bytes a pixel, row by row; `counts`: components across and down; 28 characters.

    32 × 32 pixels are meant, whatever the picture's shape: more cost time and change nothing, and fewer shift the
    colours, as the algorithm takes a pixel's near edge for its middle. Raises ValueError where the bytes do not fit.
    """
    if width < 1 or height < 1 or len(rgb) != 3 * width * height:
        raise ValueError("Give three bytes for each pixel.")
    across, down = counts
    first, *others = _amplitudes(rgb, (width, height), counts)
    peak = max(abs(value) for value in chain.from_iterable(others))
    shown_peak = max(0, min(_MOST_PEAK, math.floor(peak * _PEAKS - 0.5)))
    scale = (shown_peak + 1) / _PEAKS
    red, green, blue = (_byte(value) for value in first)
    head = _digits(across - 1 + (down - 1) * _MOST_COMPONENTS, 1) + _digits(shown_peak, 1)
    return head + _digits(red << 16 | green << 8 | blue, 4) + "".join(_component(colour, scale) for colour in others)


def decode(text: str, width: int, height: int) -> bytes:
    """The blurred picture as three bytes a pixel, row by row. Raises ValueError for a text that is none."""
    (across, down), colours = _read(text)
    columns = _cosines(across, width)
    found = bytearray()
    for y in range(height):
        wave = [math.cos(math.pi * j * y / height) for j in range(down)]
        row = [_sum_of(colours[i::across], wave) for i in range(across)]
        red, green, blue = zip(*row, strict=True)
        for column in columns:
            found.append(_byte(sum(map(float.__mul__, column, red))))
            found.append(_byte(sum(map(float.__mul__, column, green))))
            found.append(_byte(sum(map(float.__mul__, column, blue))))
    return bytes(found)


def _amplitudes(rgb: bytes, size: tuple[int, int], counts: tuple[int, int]) -> list[Colour]:
    """How much of each component is in a picture, row after row of components: first along x, then along y."""
    (width, height), (across, down) = size, counts
    light = _light()
    linear = [light[value] for value in rgb]
    columns = [[*wave] for wave in zip(*_cosines(across, width), strict=True)]
    rows = [[*wave] for wave in zip(*_cosines(down, height), strict=True)]
    along_x: list[list[Colour]] = []
    for start in range(0, len(linear), 3 * width):
        red, green, blue = (linear[start + band : start + 3 * width : 3] for band in range(3))
        along_x.append([(_dot(wave, red), _dot(wave, green), _dot(wave, blue)) for wave in columns])
    found: list[Colour] = []
    for j in range(down):
        for i in range(across):
            share = (1 if i == j == 0 else 2) / (width * height)
            total = _sum_of([line[i] for line in along_x], rows[j])
            found.append((total[0] * share, total[1] * share, total[2] * share))
    return found


def _read(text: str) -> tuple[tuple[int, int], list[Colour]]:
    """How many components there are across and down, and their colours. Raises ValueError."""
    if len(text) < _HEAD or not set(text) <= _VALUES.keys():
        raise ValueError("This is no blurhash.")
    across, down = _number(text[0]) % _MOST_COMPONENTS + 1, _number(text[0]) // _MOST_COMPONENTS + 1
    if len(text) != _HEAD + _PER_COMPONENT * (across * down - 1):
        raise ValueError("This blurhash is cut short, or too long.")
    scale = (_number(text[1]) + 1) / _PEAKS
    mean = _number(text[2:_HEAD])
    light = _light()
    colours: list[Colour] = [(light[mean >> 16 & 255], light[mean >> 8 & 255], light[mean & 255])]
    for at in range(_HEAD, len(text), _PER_COMPONENT):
        value = _number(text[at : at + _PER_COMPONENT])
        red, green, blue = (_amplitude(value // _LEVELS**band % _LEVELS, scale) for band in (2, 1, 0))
        colours.append((red, green, blue))
    return (across, down), colours


def _component(colour: Colour, scale: float) -> str:
    """Two digits for a component; the root gives small amplitudes more of the steps."""
    number = 0
    for value in colour:
        root = math.copysign(math.sqrt(abs(value / scale)), value)
        number = number * _LEVELS + max(0, min(_LEVELS - 1, math.floor(root * _STEPS + _STEPS + 0.5)))
    return _digits(number, _PER_COMPONENT)


def _amplitude(level: int, scale: float) -> float:
    """The other way round."""
    root = (level - _STEPS) / _STEPS
    return math.copysign(root * root, root) * scale


def _cosines(count: int, length: int) -> list[list[float]]:
    """For each place the values of `count` half waves."""
    return [[math.cos(math.pi * i * place / length) for i in range(count)] for place in range(length)]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    """The sum of the products."""
    return sum(map(float.__mul__, one, other))


def _sum_of(colours: list[Colour], weights: list[float]) -> Colour:
    """Colours added up by weight."""
    red, green, blue = zip(*colours, strict=True)
    return _dot(red, weights), _dot(green, weights), _dot(blue, weights)


def _digits(value: int, count: int) -> str:
    """A number of exactly `count` digits."""
    return "".join(_DIGITS[value // _BASE**place % _BASE] for place in reversed(range(count)))


def _number(text: str) -> int:
    """The other way round."""
    value = 0
    for digit in text:
        value = value * _BASE + _VALUES[digit]
    return value


@lru_cache(maxsize=1)
def _light() -> list[float]:
    """The linear light of each byte (sRGB, IEC 61966-2-1)."""
    shares = [value / 255 for value in range(256)]
    return [share / 12.92 if share <= _DARK else ((share + 0.055) / 1.055) ** 2.4 for share in shares]


@lru_cache(maxsize=1)
def _bytes() -> list[int]:
    """The byte of each step of linear light."""
    lights = [step / _SHARPEST for step in range(_SHARPEST + 1)]
    shares = [light * 12.92 if light <= _DARK / 12.92 else 1.055 * light ** (1 / 2.4) - 0.055 for light in lights]
    return [round(share * 255) for share in shares]


def _byte(light: float) -> int:
    """The byte of a linear light; below 0 and above 1 are black and full."""
    return _bytes()[min(max(round(light * _SHARPEST), 0), _SHARPEST)]
