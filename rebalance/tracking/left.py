"""Runs that a process left running because it was killed while it recorded them."""

import os
import socket
import zlib
from functools import cache

TAG = "process"
# A clock that is set while a process runs moves the start that the system tells of it, in seconds.
SLACK = 2


@cache
def mark():
    """Return the tag of a run that names the process which records it: host, number, start."""
    import psutil

    return {TAG: f"{_host()}-{os.getpid()}-{psutil.Process().create_time():.0f}"}


def end(client, experiment_id):
    """Set to KILLED the runs that processes of this machine left running, and are gone."""
    token = ""
    while token is not None:
        page = client.search_runs(
            [experiment_id], "attributes.status = 'RUNNING'", page_token=token or None
        )
        for run in page:
            if _gone(run.data.tags.get(TAG, "")):
                client.set_terminated(run.info.run_id, "KILLED")
        token = page.token or None


def _host():
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _gone(tag):
    """Say whether a mark names a process of this machine that has ended."""
    import psutil

    host, _, rest = tag.partition("-")
    number, _, start = rest.partition("-")
    if host != _host() or not (number.isdecimal() and start.isdecimal()):
        return False
    try:
        began = psutil.Process(int(number)).create_time()
    except psutil.NoSuchProcess:
        return True
    return abs(began - int(start)) > SLACK
