"""Device tables of 2.4 modules, and the text maps that hotplug scripts read."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.linux24.depmod import inputmap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.linux24.struct_module import Abi

Row = tuple[int, ...]
MAP_BITS: Final = 64


class LinkedModule(NamedTuple):
    """A module linked at ``base`` for reading only."""

    base: int
    data: bytes
    abi: Abi

    def at(self, address: int, size: int) -> bytes | None:
        """The ``size`` bytes at ``address``; None if they are outside."""
        start = address - self.base
        return self.data[start : start + size] if 0 <= start <= len(self.data) - size else None

    def long(self, address: int) -> int | None:
        """The long at ``address``."""
        found = self.at(address, self.abi.long)
        return None if found is None else int.from_bytes(found, self.abi.order)

    def string(self, address: int) -> str:
        """The string at ``address``."""
        start = address - self.base
        if not 0 <= start < len(self.data):
            return "Start address of out range"
        return self.data[start:].partition(b"\0")[0].decode("utf-8", "surrogateescape")


class DeviceTable(NamedTuple):
    """A kind of table: the columns of an entry, its map, its end marker, its format.

    ``codes`` are those of struct, "L" a long, and "M" as many as hold 64 bits.
    """

    codes: str
    map: str
    ends: Callable[[Row], bool]
    line: Callable[[Row, LinkedModule], str]

    def layout(self, abi: Abi) -> struct.Struct:
        """The layout of an entry, with C's padding."""
        long = "Q" if abi.bits == 64 else "I"  # noqa: PLR2004
        sign = "<" if abi.order == "little" else ">"
        codes, offset = "", 0
        widest = 1
        for code in self.codes.replace("M", "L" * (MAP_BITS // abi.bits)).replace("L", long):
            width = struct.calcsize(f"={code}")
            widest = max(widest, width)
            gap = -offset % width
            codes += f"{gap}x{code}" if gap else code
            offset += gap + width
        return struct.Struct(f"{sign}{codes}{-offset % widest}x")

    def rows(self, image: LinkedModule, start: int) -> Iterator[Row]:
        """The entries from ``start`` on."""
        layout = self.layout(image.abi)
        while (found := image.at(start, layout.size)) is not None:
            row = layout.unpack(found)
            if self.ends(row):
                return
            yield row
            start += layout.size


def _hex(value: int, digits: int) -> str:
    return f"0x{value:0{digits}x}"


def _pci(row: Row, image: LinkedModule) -> str:
    return " ".join([*(_hex(value, 8) for value in row[:6]), _hex(row[6], 2 * image.abi.long)])


def _isapnp(row: Row, image: LinkedModule) -> str:
    card, device, vendor, function, data = row
    ids = f"{_hex(card, 4)}     {_hex(device, 4)}     {_hex(data, 2 * image.abi.long)}"
    return f"{ids}  {_hex(vendor, 4)}     {_hex(function, 4)}"


def _isapnp_card(row: Row, image: LinkedModule) -> str:
    data, card, device, *devices = row
    text = f"{_hex(card, 4)}     {_hex(device, 4)}     {_hex(data, 2 * image.abi.long)} "
    for vendor, function in zip(devices[::2], devices[1::2], strict=True):
        if vendor:
            text += f" {_hex(vendor, 4)}     {_hex(function, 4)}    "
    return text


def _usb(row: Row, image: LinkedModule) -> str:
    digits = (4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2 * image.abi.long)
    gaps = (6, 3, 4, 7, 7, 9, 12, 12, 12, 15, 15, 0)
    columns = zip(row, digits, gaps, strict=True)
    return "".join(_hex(value, width) + " " * gap for value, width, gap in columns)


def _parport(row: Row, image: LinkedModule) -> str:
    return image.string(row[0])


def _ieee1394(row: Row, _image: LinkedModule) -> str:
    flags, vendor, model, specifier, version = row[:5]
    return f"0x{flags:08x}  0x{vendor:06x}  0x{model:06x} 0x{specifier:06x}     0x{version:06x}"


def _pnpbios(row: Row, _image: LinkedModule) -> str:
    return _text(row[:8])


def _ccw(row: Row, _image: LinkedModule) -> str:
    flags, control, device, control_model, device_model = row[:5]
    ids = f"{_hex(control, 4)}  {_hex(control_model, 2)}      {_hex(device, 4)}  {_hex(device_model, 2)}"
    return f"{_hex(flags, 4)}      {ids}"


def _input(row: Row, image: LinkedModule) -> str:
    return inputmap.line(row, image.abi.bits)


def _serio(row: Row, _image: LinkedModule) -> str:
    kind, extra, number, protocol = (_hex(value, 2) for value in row)
    return f"{kind} {extra}  {number} {protocol}"


def _of(row: Row, _image: LinkedModule) -> str:
    name, kind, compatible = (_text(row[start:end]) or "*" for start, end in OF_STRINGS)
    return f"{name:<20} {kind:<20} {compatible}"


def _text(column: Row) -> str:
    return bytes(column).partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _no_usb(row: Row) -> bool:
    return not (row[1] or row[5] or row[8] or row[11])


def _first(row: Row) -> bool:
    return not row[0]


OF_STRINGS: Final = ((0, 32), (32, 64), (64, 192))  # name, type, compatible
TABLES: Final = {  # by the name that __module_NAME_table has
    "pci_device": DeviceTable("IIIIIIL", "pcimap", _first, _pci),
    "isapnp_device": DeviceTable("HHHHL", "isapnpmap", _first, _isapnp),
    "isapnp_card": DeviceTable("L" + "HH" * 9, "isapnpmap", lambda row: not row[1], _isapnp_card),
    "usb_device": DeviceTable("HHHHHBBBBBBL", "usbmap", _no_usb, _usb),
    "parport_device": DeviceTable("L", "parportmap", _first, _parport),
    "ieee1394_device": DeviceTable("IIIIIL", "ieee1394map", _first, _ieee1394),
    "pnpbios_device": DeviceTable("BBBBBBBBL", "pnpbiosmap", _first, _pnpbios),
    "ccw_device": DeviceTable("HHHBBL", "ccwmap", lambda row: not any(row[1:5]), _ccw),
    "input_device": DeviceTable(inputmap.CODES, "inputmap", inputmap.ends, _input),
    "serio_device": DeviceTable("BBBB", "seriomap", lambda row: not (row[0] or row[3]), _serio),
    "of_device": DeviceTable("B" * 192 + "L", "ofmap", lambda row: not any(row[::32][:3]), _of),
}
HEADINGS: Final = {  # of each map, in the order in which depmod -n prints them
    "generic_string": "# module             id=string",
    "pcimap": "# pci module         vendor     device     subvendor  subdevice  class      class_mask"
    " driver_data",
    "isapnpmap": "# isapnp module      cardvendor carddevice driver_data vendor     function   ...",
    "usbmap": "# usb module         match_flags idVendor idProduct bcdDevice_lo bcdDevice_hi bDeviceClass"
    " bDeviceSubClass bDeviceProtocol bInterfaceClass bInterfaceSubClass bInterfaceProtocol driver_info",
    "parportmap": "# module             pattern",
    "ieee1394map": "# ieee1394 module    match_flags vendor_id model_id specifier_id version",
    "pnpbiosmap": "# module             id",
}
LATER: Final = {  # of maps that only module-init-tools wrote; here, too, if a module has such a table
    "ccwmap": "# ccw module         match_flags cu_type cu_model dev_type dev_model",
    "inputmap": inputmap.HEADING,
    "ofmap": "# of module          name                 type                 compatible",
    "seriomap": "# serio module       type extra id   proto",
}
