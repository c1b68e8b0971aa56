"""Memory layouts as SVG: strips of rows whose length is a power of two, each part to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

from pymodutils.commands.memory import LOOKS, parts_of, scale, totals
from pymodutils.kernel.emulated.memory_map import NOT_MEMORY, RangeKind
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pymodutils.kernel.emulated.memory_map import MappedArea, MappedRange, ModuleMemory, ModuleSpace

MARGIN: Final = 16
GUTTER: Final = 84  # width of the offsets left of the rows
ROW: Final = 1024  # units per row, a power of two so that offsets are round
STEP, HEIGHT = 24, 20  # distance between rows, and height of a row
ROWS: Final = 48  # rows of all strips together, approximately
LETTER: Final = 6.7  # the width of a character
TITLE: Final = 34  # the height of a title with the space around it
LINE: Final = 19  # the height of a line of the legend
VISIBLE: Final = 2  # minimum width of a part with an edge
TICK: Final = 16  # minimum distance between page marks
WIDTH: Final = GUTTER + ROW + 2 * MARGIN
HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<style>
text {{ font: 11px "DejaVu Sans Mono", monospace; fill: #16202c; }}
.title {{ font-weight: bold; font-size: 14px; }}
.head {{ font-weight: bold; font-size: 12px; }}
.offset {{ fill: #6b7785; text-anchor: end; }}
.number {{ text-anchor: end; }}
.part {{ stroke: #ffffff; stroke-width: 0.6; }}
.small {{ stroke: none; }}
.page {{ stroke: #16202c; stroke-opacity: 0.45; stroke-width: 1; }}
.gone {{ opacity: 0.45; }}
{fills}
</style>
<rect width="{width}" height="{height}" fill="#ffffff"/>"""


class Label(NamedTuple):
    """A text for a range of bytes, drawn if it fits."""

    offset: int
    size: int
    text: str


class Strip(NamedTuple):
    """Contiguous parts, drawn in rows."""

    title: str
    parts: Sequence[MappedRange]
    labels: Sequence[Label]
    gone: bool = False

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return max((part.offset + part.size for part in self.parts), default=0)


def module(memory: ModuleMemory) -> str:
    """The image of one module."""
    strips = [_strip(area) for area in memory.areas]
    kept, gone = (totals(parts_of(memory.areas, discarded=discarded)) for discarded in (False, True))
    title = f"{printable(memory.name)}: {sum(kept.values()):,} bytes of memory"
    if gone:
        title += f", {sum(gone.values()):,} more until init() ended"
    return _picture(title, strips, memory.page, kept, gone)


def space(whole: ModuleSpace) -> str:
    """The image of the module address range, up to the end of the last module."""
    parts = whole.parts()
    used = max((part.offset + part.size for part in parts if part.kind is not RangeKind.FREE), default=0)
    labels = [
        Label(area.base - whole.low, area.taken, printable(owner.name)) for owner, area in whole.areas()
    ]
    below = [part for part in parts if part.offset < used]
    title = f"{len(whole.modules)} modules at {whole.low:#x} to {whole.high:#x}"
    return _picture(title, [Strip("", below, labels)], whole.page, totals(parts), {})


def _strip(area: MappedArea) -> Strip:
    title = f"{area.name}  {area.base:#x}  {area.size:,} bytes"
    labels = [Label(part.offset, part.size, printable(part.name)) for part in area.parts if part.name]
    return Strip(f"{title}{', discarded' if area.discarded else ''}", area.parts, labels, area.discarded)


def _picture(
    title: str, strips: Sequence[Strip], page: int, kept: dict[RangeKind, int], gone: dict[RangeKind, int]
) -> str:
    """``strips`` below ``title``, and a legend with the bytes of each colour."""
    row = scale(sum(strip.size for strip in strips), 1, ROWS, page)
    drawn = [_text(MARGIN, MARGIN + 12, f"{title}; a row is {row:,} bytes", "title")]
    top = MARGIN + TITLE
    for strip in strips:
        if strip.title:
            drawn.append(_text(MARGIN, top + 12, strip.title, "head"))
            top += LINE + 3
        drawn.append('<g class="gone">' if strip.gone else "<g>")
        drawn += _rows(strip, top, row, page)
        drawn.append("</g>")
        top += -(-strip.size // row) * STEP + LINE
    drawn += _legend(top, kept, gone)
    height = top + (len({*kept, *gone}) + 2) * LINE + MARGIN
    fills = "\n".join(f".{kind} {{ fill: {look.fill}; }}" for kind, look in LOOKS.items())
    return "\n".join([HEAD.format(width=WIDTH, height=height, fills=fills), *drawn, "</svg>"])


def _rows(strip: Strip, top: float, row: int, page: int) -> Iterator[str]:
    """The offsets, parts, pages and labels of a strip."""
    count = -(-strip.size // row)
    for number in range(count):
        yield _text(MARGIN + GUTTER - 8, top + number * STEP + 14, f"+{number * row:#x}", "offset")
    for part in strip.parts:
        yield from _part(part, top, row)
    if ROW * page // row >= TICK:
        yield from _pages(strip.size, top, row, page)
    for label in strip.labels:
        yield from _label(label, top, row)


def _pieces(offset: int, size: int, row: int) -> Iterator[tuple[int, float, float]]:
    """(row, x, width) of each piece of a range of bytes in the rows."""
    end = offset + size
    while offset < end:
        number, within = divmod(offset, row)
        here = min(end - offset, row - within)
        yield number, MARGIN + GUTTER + within * ROW / row, here * ROW / row
        offset += here


def _part(part: MappedRange, top: float, row: int) -> Iterator[str]:
    """The rectangles of a part, with a tooltip."""
    what = f"{printable(part.name)} ({LOOKS[part.kind].words})" if part.name else LOOKS[part.kind].words
    title = escape(f"{what}: {part.size:,} bytes at +{part.offset:#x}")
    for number, x, width in _pieces(part.offset, part.size, row):
        style = f"part {part.kind}" if width >= VISIBLE else f"small {part.kind}"
        place = f'x="{x:.2f}" y="{top + number * STEP}" width="{width:.2f}" height="{HEIGHT}"'
        yield f'<rect class="{style}" {place}><title>{title}</title></rect>'


def _pages(size: int, top: float, row: int, page: int) -> Iterator[str]:
    """A mark on the lower edge of the rows at the start of each page."""
    for offset in range(page, size, page):
        number, within = divmod(offset, row)
        if within:
            x, y = MARGIN + GUTTER + within * ROW / row, top + number * STEP
            yield f'<line class="page" x1="{x:g}" y1="{y + HEIGHT - 5}" x2="{x:g}" y2="{y + HEIGHT}"/>'


def _label(label: Label, top: float, row: int) -> Iterator[str]:
    """The text in the longest piece of its range, if it fits."""
    number, x, width = max(
        _pieces(label.offset, label.size, row), key=lambda it: it[2], default=(0, 0.0, 0.0)
    )
    if width >= (len(label.text) + 1) * LETTER:
        yield _text(x + LETTER / 2, top + number * STEP + 14, label.text)


def _legend(top: float, kept: dict[RangeKind, int], gone: dict[RangeKind, int]) -> Iterator[str]:
    """A line for each kind: colour, bytes and share of the memory."""
    memory = sum(size for kind, size in kept.items() if kind not in NOT_MEMORY)
    kinds = [kind for kind in RangeKind if kind in kept or kind in gone]
    yield from _numbers(top + 11, ("bytes", "of memory", "discarded" if gone else ""), "number head")
    for at, kind in enumerate(kinds, start=1):
        y = top + at * LINE
        yield f'<rect class="{kind}" x="{MARGIN}" y="{y}" width="22" height="13"/>'
        yield _text(MARGIN + 32, y + 11, LOOKS[kind].words)
        share = "" if kind in NOT_MEMORY or not memory else f"{kept.get(kind, 0) / memory:.1%}"
        yield from _numbers(
            y + 11, (f"{kept.get(kind, 0):,}", share, f"{gone[kind]:,}" if kind in gone else "")
        )
    y = top + (len(kinds) + 1) * LINE
    yield _text(MARGIN + 32, y + 11, "memory", "head")
    yield from _numbers(y + 11, (f"{memory:,}", "", f"{sum(gone.values()):,}" if gone else ""))


def _numbers(y: float, texts: Iterable[str], style: str = "number") -> Iterator[str]:
    for at, text in enumerate(texts):
        if text:
            yield _text(MARGIN + 330 + at * 130, y, text, style)


def _text(x: float, y: float, text: str, style: str = "") -> str:
    words = escape(text)
    return f'<text{f" class={style!r}" if style else ""} x="{x:.1f}" y="{y:.1f}">{words}</text>'.replace(
        "'", '"'
    )
