"""What kind of file it is that was listed as text, by its first bytes: to say so, instead of training on noise."""

import codecs
import re

HEAD_BYTES = 4096  # that are looked at
KINDS = {  # patterns of bytes; long enough that no text begins with them
    rb"PK\x03\x04": "a zip archive (so are .docx, .odt, .epub, .xlsx)",
    rb"PK\x05\x06": "an empty zip archive",
    rb"\x1f\x8b": "compressed with gzip",
    rb"BZh[1-9]1AY&SY": "compressed with bzip2",
    rb"\xfd7zXZ\0": "compressed with xz",
    rb"\x28\xb5\x2f\xfd": "compressed with zstd",
    rb"7z\xbc\xaf\x27\x1c": "a 7z archive",
    rb"Rar!\x1a\x07": "a rar archive",
    rb".{257}ustar": "a tar archive",
    rb"%PDF-\d": "a PDF",
    rb"%!PS-Adobe": "PostScript",
    rb"\{\\rtf\d": "a document in RTF",
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a document of an old Microsoft Office (.doc, .xls)",
    rb"\x89PNG\r\n\x1a\n": "a PNG image",
    rb"\xff\xd8\xff": "a JPEG image",
    rb"GIF8[79]a": "a GIF image",
    rb"RIFF.{4}(WAVE|AVI |WEBP)": "sound, video or an image in RIFF",
    rb"ID3[\x02-\x04]\0": "sound in MP3",
    rb"OggS\0": "sound in Ogg",
    rb"fLaC\0": "sound in FLAC",
    rb"MThd\0\0\0\x06": "music in MIDI",
    rb"SQLite format 3\0": "a database of SQLite",
    rb"\x7fELF": "a program",
    rb"\x93NUMPY": "an array of NumPy",
    rb"\x89HDF\r\n\x1a\n": "data in HDF5",
}
WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html)[\s>]", re.IGNORECASE)


def file_kind(head: bytes) -> str | None:
    """Return what a file is if its first bytes tell that it is not text.

    >>> file_kind(b"%PDF-1.7 ...")
    'a PDF'
    """
    return next((kind for magic, kind in KINDS.items() if re.match(magic, head, re.DOTALL)), None)


def is_web_page(head: bytes) -> bool:
    """Tell whether a file is HTML, as the answer of a server that wants a login is."""
    return WEB_PAGE.match(head) is not None


def wide_encoding(head: bytes) -> str | None:
    """Return UTF-16 or UTF-32, with the order of bytes, if a file seems to be that.

    A byte order mark tells it; without one, the zero bytes that every second or fourth byte of most texts then is.

    >>> wide_encoding("Ada ".encode("utf-16-le") * 9), wide_encoding("Ada ".encode() * 9)
    ('utf-16-le', None)
    """
    marks = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
    marks |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, name in marks.items():
        if head.startswith(mark):
            return name
    zeros = [head[place::4].count(0) / max(1, len(head[place::4])) for place in range(4)]
    patterns = {"utf-32-le": "t000", "utf-32-be": "000t", "utf-16-le": "t0t0", "utf-16-be": "0t0t"}
    for name, pattern in patterns.items():
        if all((share > 0.4) if place == "0" else (share < 0.1) for share, place in zip(zeros, pattern, strict=True)):
            return name
    return None


def is_utf8_beyond_ascii(head: bytes) -> bool:
    """Tell whether the beginning of a file can hardly be anything but UTF-8, with characters of several bytes."""
    try:
        return not codecs.getincrementaldecoder("utf-8")().decode(head).isascii()
    except UnicodeDecodeError:
        return False
