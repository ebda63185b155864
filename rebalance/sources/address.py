"""Files at an address, such as s3://bucket/rows, read where they lie, through fsspec."""

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from rebalance.errors import InputError, one_line

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.")
# Bytes that are asked for at once, and that are copied at once.
BLOCK, BUFFER = 8 << 20, 1 << 20
# The extra of pyproject.toml that brings a file system; https comes with DVC.
EXTRAS = {
    "s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "abfs": "azure", "abfss": "azure",
    "az": "azure", "hdfs": "hdfs",
}  # fmt: skip


def is_address(path):
    """Say whether a path is an address and no path of this machine.

    >>> is_address("s3://bucket/rows"), is_address("rows/part-0.csv"), is_address("C:/rows")
    (True, False, False)
    """
    return bool(ADDRESS.match(str(path)))


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A file at an address, with what the project asks of a `pathlib.Path`."""

    system: object  # fsspec's
    name: str  # as the system has it
    size: int | None  # None where its server does not say

    def __str__(self):
        """Return the address, without a query: that of a signed address is a secret."""
        return self.system.unstrip_protocol(self.name).partition("?")[0]

    def open(self, mode="rb"):
        """Open the file for reading bytes; where its server fails, that is an `InputError`."""
        with reaching(self):
            file = self.system.open(self.name, mode, block_size=BLOCK)
        return io.BufferedReader(_Reader(self, file), BUFFER)


class _Reader(io.RawIOBase):
    """The bytes of a file at an address."""

    def __init__(self, remote, file):
        super().__init__()
        self.remote, self.file = remote, file

    def readable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, buffer):
        with reaching(self.remote):
            part = self.file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def seek(self, offset, whence=io.SEEK_SET):
        return self.file.seek(offset, whence)

    def tell(self):
        return self.file.tell()

    def close(self):
        self.file.close()
        super().close()


@contextmanager
def reaching(address):
    """Turn what the library of a file system raises into one line."""
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        extra = EXTRAS.get(str(address).partition("://")[0].lower())
        todo = f"pip install 'rebalance[{extra}]'" if extra else "install the package that it names"
        raise InputError(f"{address} cannot be reached: {one_line(error)}; {todo}.") from error
    except Exception as error:
        # Every library has errors of its own, which share no class.
        reason = one_line(error)[:120] or type(error).__name__
        raise InputError(
            f"{address} cannot be read: {reason}; check the address, the network and your access "
            "to it."
        ) from error


def found(address, pattern):
    """Return the files at an address, each a `Remote` with its path below the address.

    Parameters
    ----------
    address : str
    pattern : str
        A glob for the files of a folder; folders called ``name=value`` are looked into. A file at
        the address itself has the path ``.``.
    """
    import fsspec

    with reaching(address.partition("?")[0]):
        system, root = fsspec.url_to_fs(address)
        system.invalidate_cache()
        if system.isfile(root):
            there = {root: system.info(root)}
        else:
            there = system.glob(f"{root}/{pattern}", detail=True)
            there |= system.glob(f"{root}/*=*/**/{pattern}", detail=True)
    return [
        (
            Remote(system=system, name=name, size=about.get("size")),
            PurePosixPath(name.removeprefix(root).lstrip("/")),
        )
        for name, about in there.items()
        if about["type"] == "file"
    ]
