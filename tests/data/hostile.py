"""Hostile pictures and PDF files, made by small code: little files that ask for much memory or time."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial

from PIL import Image

Made = Callable[[], bytes]


def zeros(number: int) -> bytes:
    """So many zeros, compressed with zlib: blocks that know nothing of each other are repeated."""
    step = 1 << 22
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(step)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(bytes(number % step)) + last.flush()
    checksum = number % 65521 << 16 | 1  # Adler-32
    return b"\x78\xda" + block * (number // step) + end + checksum.to_bytes(4, "big")


def pdf(*objects: bytes) -> bytes:
    """A PDF file of objects numbered from 1, the first of which is its catalog."""
    bodies = b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in enumerate(objects, 1))
    return b"%PDF-1.7\n" + bodies + b"trailer << /Root 1 0 R >>\n%%EOF"


def stream(entries: bytes, content: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def page(
    content: bytes, *objects: bytes, used: bytes = b"", more: bytes = b"", box: bytes = b"0 0 99 99"
) -> bytes:
    """A PDF file of one page; `objects` are numbered from 5."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << %s >> %s >>"
        % (box, used, more),
        content if content.startswith(b"<<") else stream(b"", content),
        *objects,
    )


def page_of_image(side: int, bits: int, how: bytes, content: bytes) -> bytes:
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /Filter /%s "
    image = stream(entries % (side, side, bits, how) + b"/ColorSpace /DeviceGray", content)
    return page(b"99 0 0 99 0 0 cm /I Do", image, used=b"/XObject << /I 5 0 R >>")


def page_of_forms(depth: int, times: int, loop: bool = False) -> bytes:
    """Forms that draw the next one so many times each; the last draws the first, or a square."""
    forms = []
    for number in range(depth):
        following = 5 if loop and number == depth - 1 else 6 + number
        used = b"/Resources << /XObject << /F %d 0 R >> >>" % following
        form = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] "
        forms.append(stream(form + used, b"/F Do " * times))
    last = stream(b"/Type /XObject /Subtype /Form /BBox [0 0 99 99]", b"0 0 9 9 re f")
    return page(b"/F Do", *forms, last, used=b"/XObject << /F 5 0 R >>")


def jbig2(side: int) -> bytes:
    size = struct.pack(">II", side, side)
    head = struct.pack(">IBBBI", 0, 0x30, 0, 1, 19) + size + bytes(11)
    region = size + bytes(10) + b"\3\xff\xfd\xff\2\xfe\xfe\xfe" + bytes(20)
    return head + struct.pack(">IBBBI", 1, 0x26, 0, 1, len(region)) + region


def pattern() -> bytes:
    entries = (
        b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep .001 /YStep .001"
    )
    cell = stream(entries + b" /Resources << >>", b"0 0 1 1 re f")
    return page(b"/Pattern cs /P scn 0 0 99 99 re f", cell, used=b"/Pattern << /P 5 0 R >>")


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"

PDFS: dict[str, Made] = {
    "huge page": partial(page, b"", box=b"0 0 14400 14400"),
    "huge unit": partial(page, b"0 0 9 9 re f", more=b"/UserUnit 75000"),
    "endless box": partial(page, b"", box=b"0 0 1e30 1e30"),
    "box of nothing": partial(page, b"", box=b"0 0 0 0"),
    "huge image": lambda: page_of_image(60_000, 8, b"FlateDecode", zeros(1000)),
    "huge packed image": lambda: page_of_image(30_000, 8, b"FlateDecode", zeros(9 * 10**8)),
    "huge JBIG2": lambda: page_of_image(60_000, 1, b"JBIG2Decode", jbig2(60_000)),
    "damaged JPEG 2000": lambda: page_of_image(60_000, 8, b"JPXDecode", b"\xff\x4f\xff\x51" + bytes(99)),
    "billion laughs": partial(page_of_forms, 12, 10),
    "deep forms": partial(page_of_forms, 5000, 1),
    "form in itself": partial(page_of_forms, 3, 2, loop=True),
    "fine pattern": pattern,
    "packed twice": lambda: page(
        stream(b"/Filter [/FlateDecode /FlateDecode]", zlib.compress(zeros(4 * 10**9)))
    ),
    "tree in itself": partial(pdf, CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"),
    "no pages": partial(pdf, CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"),
    "lying count": partial(pdf, CATALOG, b"<< /Type /Pages /Kids [] /Count 2000000000 >>"),
    "deep array": lambda: pdf(CATALOG, b"[" * 200_000),
    "cut off": lambda: page(b"0 0 9 9 re f")[:200],
    "no PDF": lambda: b"%PDF-1.7\n" + bytes(1000),
}


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, color: int = 2, before: bytes = b"", content: bytes | None = None) -> bytes:
    """A PNG of zeros; `color` is 2 for RGB, 6 with alpha."""
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    row_bytes = 1 + width * {2: 3, 6: 4}[color]
    body = zeros(height * row_bytes) if content is None else content
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def ico(inside: bytes) -> bytes:
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inside), 22) + inside


def icns(inside: bytes) -> bytes:
    return (
        b"icns" + struct.pack(">I", len(inside) + 16) + b"ic07" + struct.pack(">I", len(inside) + 8) + inside
    )


def gif(width: int, height: int, frame: tuple[int, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\2\2\x4c\1\0;"


def tiff(**tags: int) -> bytes:
    numbers = {"width": 256, "height": 257, "bits": 258, "packing": 259, "color": 262, "offset": 273}
    numbers |= {"samples": 277, "rows": 278, "bytes": 279}
    given = {"bits": 8, "packing": 1, "color": 1, "offset": 200, "samples": 1} | tags
    entries = [struct.pack("<HHII", number, 4, 1, given[name]) for name, number in numbers.items()]
    return b"II*\0\10\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4) + bytes(100)


def jpeg(width: int, height: int) -> bytes:
    """The head of a JPEG without its content."""
    found = io.BytesIO()
    Image.new("RGB", (8, 8)).save(found, "JPEG")
    place = found.getvalue().index(b"\xff\xc0") + 5
    return found.getvalue()[:place] + struct.pack(">HH", height, width) + found.getvalue()[place + 4 : -4]


def jpeg_of_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last pass over all its pixels comes again and again."""
    found = io.BytesIO()
    Image.new("L", (side, side)).save(found, "JPEG", progressive=True)
    last = found.getvalue().rindex(b"\xff\xda")
    whole, scan = found.getvalue()[:-2], found.getvalue()[last:-2]
    return whole + scan * scans + b"\xff\xd9"


def psd(side: int) -> bytes:
    return (
        b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, side, side, 8, 3) + bytes(12) + b"\0\1" + bytes(99)
    )


def qoi(side: int) -> bytes:
    """Decoded in Python, pixel by pixel."""
    return (
        b"qoif" + struct.pack(">IIBB", side, side, 3, 0) + b"\x40\x41" * (side * side // 2) + bytes(7) + b"\1"
    )


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20000 20000\n%%EndComments\n{} loop\n%%EOF\n"

IPTC = b"\x1c\3\x3c\0\2\3\0\x1c\3\x14\0\1\x09\x1c\3\x1e\0\1\x09\x1c\3\x78\0\1\1\x1c\x08\x0a\0" + bytes(
    [len(POSTSCRIPT)]
)

PICTURES: dict[str, Made] = {
    "alpha.png": lambda: png(9400, 9400, 6),
    "large.png": lambda: png(60_000, 60_000, content=zeros(1000)),
    "text.png": lambda: png(9, 9, before=chunk(b"zTXt", b"k\0\0" + zeros(10**9))),
    "texts.png": lambda: png(9, 9, before=chunk(b"iTXt", b"k\0\1\0\0\0" + zeros(10**6)) * 300),
    "profile.png": lambda: png(9, 9, before=chunk(b"iCCP", b"k\0\0" + zeros(10**9))),
    "chunks.png": lambda: png(9, 9, before=chunk(b"prVt", b"") * 200_000),
    "excess.png": lambda: png(9, 9, content=zeros(10**9)),
    "a.ico": lambda: ico(png(13_000, 13_000, 6)),
    "a.icns": lambda: icns(png(13_000, 13_000, 6)),
    "a.gif": lambda: gif(9, 9, (65535, 65535)),
    "screen.gif": lambda: gif(65535, 65535, (1, 1)),
    "strip.tiff": lambda: tiff(width=8000, height=8000, rows=2**32 - 1, bytes=2**32 - 1),
    "lzw.tiff": lambda: tiff(width=9400, height=9400, bits=64, packing=5, samples=4, rows=2**31, bytes=64),
    "large.tiff": lambda: tiff(width=2**31, height=2**31, rows=1, bytes=1),
    "a.jpg": lambda: jpeg(65535, 65535),
    "cut.jpg": lambda: jpeg(9000, 9000),
    "scans.jpg": lambda: jpeg_of_scans(4000, 3000),
    "a.psd": lambda: psd(30_000),
    "small.psd": lambda: psd(9000),
    "a.qoi": lambda: qoi(9000),
    "a.eps": lambda: POSTSCRIPT,
    "eps.png": lambda: POSTSCRIPT,
    "iptc.png": lambda: IPTC + POSTSCRIPT,
    "a.svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>",
    "a.webp": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff\x2f\xff\xff\xff\x0f" + bytes(99),
    "a.avif": lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\xff\xff\xff\xffmeta" + bytes(99),
    "a.heic": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
    "plain.ppm": lambda: b"P3\n9000 9000\n255\n" + b"1 " * 10**6,
    "a.xpm": lambda: b'/* XPM */\nstatic char *a[] = {\n"99999 99999 1 1",\n"a c #000000",\n' + b'"a",\n' * 9,
    "a.fits": lambda: (
        b"SIMPLE  =                    T" + b" " * 50 + b"BITPIX  =                    8" + b" " * 2770
    ),
    "empty.png": lambda: b"",
    "nothing.jpg": lambda: b"\xff\xd8\xff",
}
