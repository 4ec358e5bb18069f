"""Archives that nobody should send, made in memory: small on disk, the same in every run."""

import stat
import struct
import zipfile
import zlib

from tests.catalogue.pngs import zeros
from tests.intake import films

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
UTF8 = 0x800
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def good(count=2):
    """{name: film}, each another film."""
    return {f"{n}.jpg": films.jpeg(n) for n in range(count)}


def entry(name, data, *, flags=0, method=STORED, packed=None, size=None):
    """(local header with body, what its directory record says) of an entry under raw name bytes, or a text's UTF-8."""
    if isinstance(name, str):
        name, flags = name.encode(), flags | UTF8
    packed = data if packed is None else packed
    size = len(data) if size is None else size
    about = (flags, method, 0, 0x21, zlib.crc32(data), len(packed), size, len(name), 0)
    return LOCAL.pack(b"PK\3\4", 20, *about) + name + packed, (name, about)


def built(*entries):
    """A ZIP of entries, byte by byte: for names and sizes that zipfile would not write."""
    bodies, directory = b"", b""
    for body, (name, about) in entries:
        directory += CENTRAL.pack(b"PK\1\2", 20, 20, *about, 0, 0, 0, 0o100644 << 16, len(bodies)) + name
        bodies += body
    count = len(entries)
    return (
        bodies + directory + END.pack(b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(bodies), 0)
    )


def empty_entries(count):
    """`count` entries of nothing; above 65,535 it is a ZIP64, as it has to be."""
    name, about = b"00000.jpg", (0, STORED, 0, 0x21, 0, 0, 0, 9, 0)
    body = LOCAL.pack(b"PK\3\4", 20, *about) + name
    directory = b"".join(
        CENTRAL.pack(b"PK\1\2", 20, 20, *about, 0, 0, 0, 0, n * len(body)) + b"%05d.jpg" % (n % 100_000)
        for n in range(count)
    )
    start, length, told = count * len(body), len(directory), min(count, 0xFFFF)
    more = b""
    if count > told:
        more = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
        more += struct.pack("<4sLQL", b"PK\6\7", 0, start + length, 1)
    return body * count + directory + more + END.pack(b"PK\5\6", 0, 0, told, told, length, start, 0)


def nested(depth=5, width=4):
    """Archives of archives of archives, as 42.zip is built."""
    data = films.archive({"0.dcm": bytes(2**20)})
    for level in range(depth):
        data = films.archive({f"{level}{n}.zip": data for n in range(width)})
    return data


def shared_bodies(count=200):
    """Many names for one body: 58 KB that say they are 10 GB."""
    body = zeros(50)[2:-4]
    first, (_, about) = entry(b"000.jpg", b"", method=DEFLATED, packed=body, size=50 * 2**20)
    directory = b"".join(CENTRAL.pack(b"PK\1\2", 20, 20, *about, 0, 0, 0, 0, 0) + b"%03d.jpg" % n for n in range(count))
    return first + directory + END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(first), 0)


def in_each_other():
    """The second entry lies, header and all, inside the stored body of the first."""
    inner, (name, about) = entry(b"1.jpg", films.jpeg(1))
    outer, (outer_name, outer_about) = entry(b"0.jpg", inner)
    directory = CENTRAL.pack(b"PK\1\2", 20, 20, *outer_about, 0, 0, 0, 0, 0) + outer_name
    directory += CENTRAL.pack(b"PK\1\2", 20, 20, *about, 0, 0, 0, 0, len(outer) - len(inner)) + name
    return outer + directory + END.pack(b"PK\5\6", 0, 0, 2, 2, len(directory), len(outer), 0)


def forged(megabytes, said):
    """An entry of zeros that says it is `said` bytes."""
    return built(entry("a.dcm", b"", method=DEFLATED, packed=zeros(megabytes)[2:-4], size=said))


def special(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = (mode | 0o644) << 16, 3
    return films.archive([(info, b"/etc/passwd")])


SPECIAL = {
    "symlink": stat.S_IFLNK,
    "fifo": stat.S_IFIFO,
    "device": stat.S_IFCHR,
    "disk": stat.S_IFBLK,
    "socket": stat.S_IFSOCK,
}


def by_method(method):
    """An entry that says it is packed by this method, whatever it holds."""
    return built(entry("a.jpg", films.jpeg(), method=method))


def zip64_lie(**said):
    """The end record says that the ZIP64 one has the truth, and there is none."""
    packed, told = films.archive(good()), {"count": 0xFFFF, "length": 0xFFFFFFFF, "start": 0xFFFFFFFF} | said
    return packed[: -END.size] + END.pack(
        b"PK\5\6", 0, 0, told["count"], told["count"], told["length"], told["start"], 0
    )


def spanned():
    """The first of two volumes."""
    packed = films.archive(good())
    values = list(END.unpack_from(packed, len(packed) - END.size))
    values[1] = 1
    return packed[: -END.size] + END.pack(*values)
