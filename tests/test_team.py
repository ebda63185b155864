"""A team: four pipelines record on one server, clones share results, and no secret gets out.

The steps are those of docs/more-than-one-machine.md. MLflow's server, PostgreSQL, DVC, git and the
S3 server are real, on loopback.
"""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import zipfile
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
import yaml

from rebalance import cli
from rebalance.errors import InputError
from rebalance.tracking import patience
from rebalance.tracking import server as team_server
from tests import forks, pages
from tests.strategies import ROOT, SHIPPED, changed, frame
from tests.test_pipeline import UP_TO_DATE, copied_source
from tests.test_tracking_server import answers

SMALL = {
    "learner.params": {"max_iter": 8, "min_samples_leaf": 5},
    "out_of_fold.folds": 2,
    "tune.trials": 2,
    "tune.folds": 2,
    "tune.anchors": [5],
    "evaluate.bootstrap": 100,
    "run.workers": 1,
}
PAGE = "docs/more-than-one-machine.md"
STAGES = ["download", "split", "train_baseline", "tune_ratio", "evaluate"]
# The machine may be busy: here nothing is to be given up.
SLOW = {patience.VARIABLE: "300"}

pytestmark = [pytest.mark.slow, pytest.mark.server]


def settings(**changes):
    """Return the text of params.yaml: the untreated learner and a quick study."""
    given = changed(SHIPPED, SMALL | changes) | {"resample": {}}
    return yaml.safe_dump(given, sort_keys=False)


@pytest.fixture(scope="module")
def team():
    """Yield the address of a team's server, as ``make team`` starts it, and its folder."""
    pytest.importorskip("psycopg", reason="rebalance[team] is not installed")
    try:
        team_server.program("initdb")
    except InputError as error:
        pytest.skip(str(error))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    # Not below pytest's own folder, which PostgreSQL's account may not enter.
    with tempfile.TemporaryDirectory(prefix="team-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        words = ["team", "--port", str(port), "--folder", f"{folder}/it"]
        with (Path(folder) / "said").open("w") as said:
            process = subprocess.Popen(
                [forks.python(), "-m", "rebalance.cli", *words],
                cwd=ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        address = f"http://127.0.0.1:{port}"
        try:
            assert answers(address, process), (Path(folder) / "said").read_text()
            yield address, Path(folder) / "it"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        assert not list(Path(folder).rglob("postmaster.pid"))


# These are forks of one process that has imported what they need, and draw no figure: imports are
# half of the time, and figures half of the rest.
PIPELINES = f"""
import os, sys
from importlib import import_module
from rebalance import errors
from rebalance.tracking.runs import SETTINGS
from tests import forks

os.environ.update(SETTINGS | os.environ)
import imblearn, skops.io, sklearn.model_selection
import mlflow.sklearn, mlflow.tracking

forks.draw_nothing()
stages = [([stage], import_module(f"stages.{{stage}}")) for stage in {STAGES!r}]
children = []
for folder in sys.argv[1:]:
    if child := os.fork():
        children.append(child)
        continue
    os.chdir(folder)
    for sys.argv, stage in stages:
        errors.run(stage.main)
    sys.exit()
ended = [os.waitpid(child, 0)[1] for child in children]
sys.exit(any(ended))
"""


def test_four_pipelines_at_once_lose_no_run_and_no_artifact(team, members):
    from mlflow import MlflowClient

    address, there = team
    for said in members.of_four:
        assert "warning: MLFLOW" not in said
    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name("four").experiment_id
    runs = client.search_runs([experiment], "tags.kind = 'stage'")
    wanted = sorted(stage for stage in STAGES for _ in range(4))
    assert sorted(run.data.tags["dvc.stage"] for run in runs) == wanted
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        artifacts = there / "artifacts" / experiment / run.info.run_id / "artifacts"
        outputs = json.loads((artifacts / "provenance.json").read_text())["outputs"]
        for path, md5 in outputs.items():
            if path.endswith((".json", ".md", ".csv", ".png")):
                assert hashlib.md5((artifacts / path).read_bytes()).hexdigest() == md5  # noqa: S324
        trained = any(path.endswith(".skops") for path in outputs)
        for output in run.outputs.model_outputs:
            (there / "artifacts" / experiment / "models" / output.model_id).exists()
        assert len(run.outputs.model_outputs) == trained
    models = client.search_logged_models([experiment], max_results=100)
    assert len(models) == 8
    for model in models:
        folder = there / "artifacts" / experiment / "models" / model.model_id / "artifacts"
        assert zipfile.is_zipfile(folder / "model.skops")
    # Each evaluation judged the two models of its own pipeline, and registered one.
    assert sum("verdict" in run.data.tags for run in runs) == 8
    assert len(client.search_model_versions("name = 'four'")) == 4
    assert set(client.get_registered_model("four").aliases) == {"champion", "challenger"}


def test_the_server_listens_on_loopback_and_its_database_on_no_network(team):
    import psutil

    address, _ = team
    port = int(address.rpartition(":")[2])
    every = psutil.process_iter(["cmdline"])
    ours = [each for each in every if str(port) in (each.info["cmdline"] or ())]
    family = {child for each in ours for child in [each, *each.children(recursive=True)]}
    assert len(family) > 1
    listening = {
        (place.laddr.ip, place.laddr.port)
        for each in family
        for place in each.net_connections("inet")
        if place.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", port)}


def test_without_postgresql_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(team_server, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no initdb on the path, .* 'apt-get install"):
        cli.main(["team", "--folder", str(tmp_path / "there")])
    assert not (tmp_path / "there").exists()


def test_a_database_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    for name in ("initdb", "pg_ctl"):
        program = tmp_path / name
        program.write_text(
            "#!/bin/sh\necho some\necho 'initdb: error: no room left.' >&2\nexit 1\n"
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(team_server, "ACCOUNTS", ())
    with (
        pytest.raises(InputError, match=r"^initdb failed: initdb: error: no room left\.$"),
        team_server.postgres(tmp_path / "there"),
    ):
        pytest.fail("it started")


# Made anew each time: this file is in the clones, too.
CANARIES = {
    "tracking": f"canary/{uuid4().hex}",
    "password": f"canary/{uuid4().hex}",
    "ticket": f"canary-{uuid4().hex}",
    "header": f"canary-{uuid4().hex}",
    "s3 key": f"canary-{uuid4().hex}",
    "s3 secret": f"canary/+{uuid4().hex}",
    "token": f"canary-{uuid4().hex}",
    "proxy": f"canary/{uuid4().hex}",
    "netrc": f"canary-{uuid4().hex}",
    "remote of git": f"canary-{uuid4().hex}",
    "remote of dvc": f"canary-{uuid4().hex}",
    "index of packages": f"canary/{uuid4().hex}",
    "connection": f"canary-{uuid4().hex}",
    "key": f"canary-{uuid4().hex}",
}
# Where a member wrote them; everything else is searched.
HELD = {"config", "config.local", ".netrc"}
FOLDER = f"folder-{uuid4().hex}"


class Rows(BaseHTTPRequestHandler):
    """Answer with rows who knows the secrets."""

    log_message = lambda *_: None  # noqa: E731 quiet
    content = frame(900, 60).to_csv(index=False).encode()

    def do_GET(self):
        known = CANARIES["ticket"] in self.path and self.headers["X-Key"] == CANARIES["header"]
        known = known and "Authorization" in self.headers
        self.send_response(200 if known and "rows" in self.path else 404)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)


@pytest.fixture(scope="module")
def rows():
    """The address of a server that wants a user, a password, a ticket and a header."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rows)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Member:
    """A member of the team with a clone: what its commands say is noted."""

    def __init__(self, folder, environment, heard):
        self.folder, self.environment, self.heard = folder, environment, heard

    def attempt(self, *command, **more):
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        self.heard.append(done.stdout + done.stderr)
        return done

    def call(self, *command, **more):
        done = self.attempt(*command, **more)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, line):
        """Run a line of the page."""
        line = line.replace("rebalance ", "python -m rebalance.cli ")
        return self.call("bash", "-e", "-o", "pipefail", "-c", line)

    def rebalance(self, *words):
        return ("python", "-m", "rebalance.cli", *words)

    def put(self, **changes):
        """Change params.yaml."""
        path = self.folder / "params.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(changed(content, changes), sort_keys=False))

    def git(self):
        """Return the bytes of everything in git."""
        done = subprocess.run(
            ["git", "cat-file", "--batch-all-objects", "--batch"],
            cwd=self.folder,
            capture_output=True,
            check=True,
        )
        return done.stdout


def environment(folder, tracking, moto_server):
    """Return an environment that is full of secrets, and has none of the caller's."""
    ours = ("GIT", "DVC", "MLFLOW", "AWS", "PYTHONDONTWRITEBYTECODE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    password = CANARIES["tracking"].replace("/", "%2F")
    home = folder / "home"
    home.mkdir()
    (home / ".netrc").write_text(f"default login me password {CANARIES['netrc']}\n")
    (home / ".netrc").chmod(0o600)
    proxy = f"http://me:{CANARIES['proxy'].replace('/', '%2F')}@127.0.0.1:9"
    return clean | {
        **SLOW,
        **forks.UNDRAWN,
        "PATH": f"{forks.programs()}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(folder / "site"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "tester" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "tester@example.org" for who in ("AUTHOR", "COMMITTER")},
        "HOME": str(home),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "MLFLOW_TRACKING_TOKEN": CANARIES["token"],
        **dict.fromkeys(
            ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL"),
            f"https://me:{CANARIES['index of packages'].replace('/', '%2F')}@127.0.0.1:9/simple",
        ),
        "AZURE_STORAGE_CONNECTION_STRING": f"AccountKey={CANARIES['connection']};",
        "DEPLOY_KEY": f"-----BEGIN KEY-----\n{CANARIES['key']}\n-----END KEY-----\n",
        "REBALANCE_CACHE": str(folder / "downloads"),
        "REBALANCE_URL_HEADER": f"X-Key: {CANARIES['header']}",
        "ROWS_PASSWORD": CANARIES["password"],
        "ROWS_TICKET": CANARIES["ticket"],
        "MLFLOW_TRACKING_URI": tracking.replace("//", f"//me:{password}@"),
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": CANARIES["s3 key"],
        "AWS_SECRET_ACCESS_KEY": CANARIES["s3 secret"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def contents(folder):
    """Yield the bytes of every file of a folder, and of every member of an archive."""
    for path in Path(folder).rglob("*"):
        if not path.is_file() or path.name in HELD:
            continue
        yield path.read_bytes()
        # A database or a pack of git may end as an archive does.
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def leaked(pieces, canaries):
    """Return the names of the secrets that are in bytes, as they are or as an address has them."""
    joined = b"\n".join(pieces)
    spellings = {
        name: {value, value.replace("/", "%2F"), value.replace("/", "%2F").replace("+", "%2B")}
        # As HTTP sends user and password.
        | {b64encode(f"{user}:{value}".encode()).decode() for user in ("me", "x")}
        for name, value in canaries.items()
    }
    return [
        name for name, texts in spellings.items() if any(text.encode() in joined for text in texts)
    ]


@pytest.fixture(scope="module")
def members(team, rows, moto_server, tmp_path_factory):
    """Four pipelines that ran at once: three of forks, and the `dvc repro` of a member's clone."""
    address, _ = team
    folder = tmp_path_factory.mktemp("members")
    heard, surroundings = [], environment(folder, address, moto_server)
    source = folder / "source"
    source.mkdir()
    copied_source(source)
    url = f"http://me:${{ROWS_PASSWORD}}@{rows}/rows.csv?ticket=1&token=${{ROWS_TICKET}}"
    given = {"source": "url", "url": url, "sha256": hashlib.sha256(Rows.content).hexdigest()}
    data = {f"data.{key}": value for key, value in (given | {"drop": []}).items()}
    rules = {"threshold.rules": {"max_f1": SHIPPED["threshold"]["rules"]["max_f1"]}}
    text = settings(**data, **rules, **{"tracking.experiment": "four"})
    (source / "params.yaml").write_text(text, encoding="utf-8")
    origin = Member(source, surroundings, heard)
    add, *_ = pages.below(PAGE, "A DVC remote")
    origin.call("git", "init", "--quiet", "--initial-branch", "main")
    origin.shell(add.replace("BUCKET", "team"))
    origin.call("dvc", "remote", "add", "shelf", str(folder / "shelf"))
    origin.call("git", "add", "--all")
    origin.call("git", "commit", "--quiet", "--message", "the code")
    origin.call("git", "config", "receive.denyCurrentBranch", "updateInstead")

    first = Member(folder / FOLDER, surroundings, heard)
    origin.call("git", "clone", "--quiet", source.as_uri(), str(first.folder))
    upstream = f"https://x:{CANARIES['remote of git']}@127.0.0.1:9/rows.git"
    first.call("git", "remote", "add", "upstream", upstream)
    first.call("dvc", "remote", "add", "--local", "vault", "webdav://127.0.0.1:9/rows")
    password = CANARIES["remote of dvc"]
    first.call("dvc", "remote", "modify", "--local", "vault", "password", password)
    with three_pipelines(folder, address) as three:
        assert "Running stage 'evaluate'" in first.call("dvc", "repro")
        said, _ = three.communicate(timeout=500)
    assert three.returncode == 0, said
    of_four = heard[-1], said
    return SimpleNamespace(
        origin=origin, first=first, heard=heard, url=url, folder=folder, of_four=of_four
    )


def three_pipelines(folder, address):
    """Start three pipelines at once, in folders of their own below ``folder``."""
    for number in range(3):
        there = folder / str(number)
        there.mkdir()
        (there / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
        simulated = {"rows": 1200, "positives": 60, "seed": number}
        text = settings(**{"data.simulated": simulated, "tracking.experiment": "four"})
        (there / "params.yaml").write_text(text, encoding="utf-8")
    return subprocess.Popen(
        [forks.python(), "-c", PIPELINES, *"012"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": address} | SLOW,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_clones_share_results_by_a_remote_and_no_secret_gets_out(team, rows, members):
    address, there = team
    origin, first, heard = members.origin, members.first, members.heard
    surroundings, folder = first.environment, members.folder
    bucket = bucket_of(surroundings)
    _, push, pull, sync = pages.below(PAGE, "A DVC remote")
    second = Member(folder / "second", surroundings, heard)
    origin.call("git", "clone", "--quiet", origin.folder.as_uri(), str(second.folder))
    first.call("dvc", "push", "--remote", "shelf")
    first.call("git", "add", "--all")
    first.call("git", "commit", "--quiet", "--message", "its results")
    first.shell(push)

    # Another member pulls: nothing is trained, and the server has every run, once.
    assert UP_TO_DATE in second.shell(pull)
    assert second.shell(sync) == "all 5 stages of dvc.lock have their runs\n"
    assert second.call("git", "status", "--porcelain") == ""

    # A third one takes the folder as remote.
    third = Member(folder / "third", surroundings, heard)
    origin.call("git", "clone", "--quiet", origin.folder.as_uri(), str(third.folder))
    third.call("dvc", "pull", "--remote", "shelf")
    assert UP_TO_DATE in third.call("dvc", "repro")

    go_wrong(first, address, rows, members.url)
    search(first, second, third, heard, there, bucket, folder)


def go_wrong(first, address, rows, url):
    """Have commands fail and report: with the address, without a secret."""
    dead = first.environment["MLFLOW_TRACKING_URI"].rpartition(":")[0] + ":9"
    said = first.attempt(*first.rebalance("sync"), MLFLOW_TRACKING_URI=dead)
    assert "the server http://127.0.0.1:9 does not answer" in said.stderr
    first.call(*first.rebalance("doctor"))
    assert f"{address}/#/experiments/" in first.call(*first.rebalance("ui"))
    first.put(**{"data.url": url.replace("rows.csv", "gone.csv"), "data.sha256": "0" * 64})
    said = first.attempt("dvc", "repro", "--verbose")
    assert "gone.csv?*** cannot be reached (it answers 404)" in said.stderr
    # Through a proxy that is gone.
    said = first.attempt(*first.rebalance("check"), NO_PROXY="", no_proxy="")
    assert "gone.csv?*** cannot be reached (ProxyError)" in said.stderr
    first.put(**{"data.url": f"http://me:{CANARIES['password']}@{rows}/rows.csv"})
    said = first.attempt(*first.rebalance("check"))
    assert said.stderr.startswith("error: data.url must hold no password, token or key")
    first.call("git", "checkout", "--quiet", "--", ".")


def search(first, second, third, heard, there, bucket, folder):
    """Look for the secrets everywhere, and for the name of a folder in what others see."""
    everywhere = {
        "messages": ["\n".join(heard).encode()],
        "git": [first.git()],
        "clones": [*contents(first.folder), *contents(second.folder), *contents(third.folder)],
        "database": list(contents(there / "database")),
        "artifacts": list(contents(there / "artifacts")),
        "server's log": [(there.parent / "said").read_bytes()],
        "bucket": [bucket.cat_file(path) for path in bucket.find("team")],
        "downloads and caches": [*contents(folder / "downloads"), *contents(folder / "site")],
    }
    for place, pieces in everywhere.items():
        assert sum(map(len, pieces)) > 100 or place == "downloads and caches", place
        assert leaked(pieces, CANARIES) == [], place
    # The names of a member's folders are not for the others.
    published = ("git", "database", "artifacts", "bucket", "server's log")
    for place in published:
        assert leaked(everywhere[place], {"folder": FOLDER}) == [], place
    results = (first.folder / name for name in ("metrics", "models", "data", "dvc.lock"))
    pieces = [
        piece
        for path in results
        for piece in (contents(path) if path.is_dir() else [path.read_bytes()])
    ]
    assert leaked(pieces, {"folder": FOLDER}) == []
    # The search finds what is there.
    assert leaked(everywhere["git"], {"url": "${ROWS_TICKET}"}) == ["url"]
    assert leaked(everywhere["database"], {"stage": "train_baseline"}) == ["stage"]


def bucket_of(surroundings):
    """Return the file system of the S3 server, with the bucket ``team``."""
    from s3fs import S3FileSystem

    system = S3FileSystem(
        key=surroundings["AWS_ACCESS_KEY_ID"],
        secret=surroundings["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=surroundings["AWS_ENDPOINT_URL"],
        skip_instance_cache=True,
    )
    system.mkdir("team")
    return system
