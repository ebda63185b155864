"""The commands of docs/engines.md and of docs/more-than-one-machine.md, on loopback.

Dask is real, with TLS; of SLURM only `srun` stands in, which starts its command here.
DVC remotes are tried in tests/test_team.py, MLflow's server by the commands of the page in
tests/test_tracking_server.py.
"""

import datetime
import ipaddress
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from rebalance.learning import engines
from tests import pages, test_engines
from tests.strategies import ROOT

SECONDS = 120
ENGINES, MACHINES = "docs/engines.md", "docs/more-than-one-machine.md"
rows = test_engines.rows

pytestmark = [pytest.mark.slow, pytest.mark.server]


def block(page, heading):
    """Return the commands of the first block of bash below a heading."""
    return next(each.commands for each in pages.blocks(page, "bash") if each.heading == heading)


def put(command, **replaced):
    """Return a command with words of the page replaced; each must be there."""
    for old, new in replaced.items():
        assert old in command, command
        command = command.replace(old, str(new))
    return command


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """The machine may be busy: here nothing is to be given up."""
    for name in ("CONNECT", "ANSWER"):
        monkeypatch.setattr(engines, name, SECONDS)


@contextmanager
def running(folder, *commands, **more):
    """Run commands of a page until the end of the block, and end them as Ctrl-C does."""
    here = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = os.environ | {"PATH": os.pathsep.join(here), "PYTHONPATH": str(ROOT)} | more
    started = []
    try:
        with (folder / "log").open("w") as log:
            for command in commands:
                started.append(
                    subprocess.Popen(
                        ["bash", "-c", f"exec {command.removesuffix('&')}"],
                        cwd=folder,
                        env=environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
        yield started
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGINT)
        for process in started:
            process.wait(timeout=SECONDS)


def eventually(value, processes, folder):
    """Return what ``value()`` returns once it is true."""
    for _ in range(10 * SECONDS):
        if found := value():
            return found
        assert all(process.poll() is None for process in processes), (folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


@contextmanager
def cluster(folder, scheduler, workers, number):
    """Start a scheduler and so many workers by commands of a page; yield the address."""
    file = folder / "scheduler.json"
    port = f" --port 0 --scheduler-file {file} --dashboard-address 127.0.0.1:0"
    scheduler = put(scheduler, **{" --port 8786": port, "0.0.0.0": "127.0.0.1"})  # noqa: S104
    with running(folder, scheduler) as one:
        # Written in one piece at the end of its start.
        address = eventually(lambda: file.exists() and file.read_text(), one, folder)
        address = json.loads(address)["address"]
        with running(folder, re.sub(r"\w+://(HOST|NODE):8786", address, workers)) as more:
            from distributed import Client

            def there():
                return len(client.scheduler_info(n_workers=-1)["workers"]) >= number

            with Client(address, timeout=SECONDS) as client:
                eventually(there, [*one, *more], folder)
            yield address


def test_a_cluster_by_hand_gives_the_bytes_of_this_process(rows, tmp_path):
    scheduler, workers = block(ENGINES, "A cluster by hand")
    workers = put(workers, **{"--nworkers auto": "--nworkers 2"})
    with cluster(tmp_path, scheduler, workers, 2) as address:
        found = test_engines.worked(rows, test_engines.section(engine="dask", address=address))
    assert found == test_engines.worked(rows, test_engines.section(engine="thread", workers=1))


def certified(folder):
    """Write a key and its certificate, as ``me.pem``, and who signed it, as ``ca.pem``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "team")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "ca.pem").write_bytes(certificate)
    (folder / "me.pem").write_bytes(certificate + private)


SRUN = r"""#!/bin/bash
# Starts one task of those asked for; options of srun are checked, as srun would.
while [[ $1 == --* ]]; do
  [[ $1 =~ ^--(ntasks|cpus-per-task)=[1-9][0-9]*$ ]] || exit 1
  shift
done
exec "$@"
"""


def test_the_commands_for_slurm_make_a_cluster_that_speaks_tls_only(rows, tmp_path, monkeypatch):
    import dask

    program = tmp_path / "bin" / "srun"
    program.parent.mkdir()
    program.write_text(SRUN)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    certified(tmp_path)
    scheduler, workers = block(MACHINES, "Fits on several machines")
    workers = put(workers, **{"--nworkers 16": "--nworkers 1"})
    names = []
    for line in pages.blocks(MACHINES, "bash")[-1].commands:
        name, _, file = line.removeprefix("export ").partition("=")
        assert file in scheduler
        monkeypatch.setenv(name, str(tmp_path / file))
        names.append(name)
    dask.config.refresh()
    try:
        with cluster(tmp_path, scheduler, workers, 1) as address:
            assert address.startswith("tls://")
            given = test_engines.section(engine="dask", address=address)
            found = test_engines.worked(rows, given)
    finally:
        for name in names:
            monkeypatch.delenv(name)
        dask.config.refresh()
    assert found == test_engines.worked(rows, test_engines.section(engine="thread", workers=1))
