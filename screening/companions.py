"""What lies beside films on a CD or in a folder, told by its name: left out, where its content is no film."""

from pathlib import PurePosixPath

NAMES = {".ds_store", "thumbs.db", "desktop.ini", "dicomdir", "autorun.inf", "license", "readme", "changelog"}
TEXTS = {
    ".txt", ".md", ".rtf", ".htm", ".html", ".css", ".js", ".xml", ".xsl", ".json", ".csv", ".inf", ".ini", ".log",
    ".cfg", ".conf", ".properties", ".url", ".lnk", ".ico", ".icns", ".plist", ".chm", ".hlp", ".manifest", ".ttf",
}  # fmt: skip
# The viewer that a CD brings along. A program under a film's name is not meant.
PROGRAMS = {
    ".exe", ".dll", ".so", ".dylib", ".ocx", ".sys", ".drv", ".com", ".scr", ".bat", ".cmd", ".msi", ".cab", ".sh",
    ".ps1", ".vbs", ".jar", ".class", ".app", ".dmg", ".pkg", ".deb", ".rpm", ".jnlp", ".lib", ".pdb", ".mui",
}  # fmt: skip
FOLDERS = {"__MACOSX", ".git", ".Trashes"}


def is_left_out(name):
    """Whether the place or the name alone decides: copies of folder settings, and a CD's table of contents."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.upper() == "DICOMDIR" or any(part in FOLDERS for part in path.parts[:-1])


def is_companion(name):
    """Whether a file of this name never meant to be a film."""
    path = PurePosixPath(name.replace("\\", "/").lower())
    return path.name in NAMES or path.stem in NAMES or path.suffix in TEXTS | PROGRAMS
