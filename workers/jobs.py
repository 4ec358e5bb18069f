"""Jobs of the operations worker: archives."""


def unpack():
    """Take the entries of every pending archive through intake."""
