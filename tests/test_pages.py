"""Every code block of the pages is run by a test, or is no code; here those that no other test has.

docs/your-table.md and docs/scoring.md have files of their own.
"""

import contextlib
import io
import re
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest
import yaml

from rebalance import paths, store
from rebalance.params.params import parse
from tests import pages, test_pr_report, test_scoring
from tests.strategies import SHIPPED

ALL = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{p.name}" for p in Path(pages.ROOT / "docs").glob("*.md")),
]
GITLAB = "pull-request"
scorer = test_scoring.scorer


def merged(content, changes):
    """Return nested mappings with those of ``changes`` in them."""
    if not isinstance(changes, dict) or not isinstance(content, dict):
        return changes
    return content | {key: merged(content.get(key), value) for key, value in changes.items()}


YAML = [(page, block) for page in ALL for block in pages.blocks(page, "yaml")]


@pytest.mark.parametrize(("page", "block"), YAML, ids=[f"{p}: {b.heading}" for p, b in YAML])
def test_a_block_of_parameters_is_one_that_params_yaml_takes(page, block):
    content = yaml.safe_load(block.text)
    if GITLAB in content:
        return  # run below
    assert set(content) <= set(SHIPPED), f"{page}: no section of params.yaml"
    assert parse(merged(SHIPPED, content))


def test_the_blocks_of_python_run(tmp_path, monkeypatch, scorer):
    monkeypatch.chdir(tmp_path)
    store.write_model(paths.model(paths.TUNED), scorer.model)
    for page in ALL:
        for block in pages.blocks(page, "python"):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(block.text, page, "exec"), {})  # noqa: S102 - the pages are ours
            # A comment after a print is what it prints.
            wanted = re.findall(r"^print\(.*\)  # (.*)$", block.text, re.M)
            if wanted:
                assert printed.getvalue().splitlines() == wanted, page


@pytest.mark.parametrize("page", [page for page in ALL if pages.blocks(page, "sh", "bash")])
def test_a_page_with_commands_has_a_test_that_runs_them(page):
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path.stem != "test_readme"]
    name = page.removeprefix("docs/")
    users = [path.name for path in tests if name in path.read_text(encoding="utf-8")]
    assert users, f"no test runs the commands of {page}"


# docs/pull-requests.md


origin, clone = test_pr_report.origin, test_pr_report.clone


class Notes(BaseHTTPRequestHandler):
    """GitLab's address for the notes of a merge request."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.taken.append((self.path, self.headers["PRIVATE-TOKEN"], parse_qs(body)))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def gitlab():
    server = HTTPServer(("127.0.0.1", 0), Notes)
    server.taken = []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run_job(folder, server, token):
    """Run the job of the page as GitLab's runner does: one shell that ends with the first error."""
    (recipe,) = [yaml.safe_load(b.text) for b in pages.blocks("docs/pull-requests.md", "yaml")]
    job = recipe[GITLAB]
    assert job["artifacts"]["when"] == "always"
    assert "report.md" in job["artifacts"]["paths"]
    (folder / ".github").mkdir(exist_ok=True)
    (folder / ".github" / "pr-report.sh").write_bytes(test_pr_report.SCRIPT.read_bytes())
    # The environment is here already.
    (folder / "Makefile").write_text(".venv/ready:\n\t@mkdir -p .venv && touch $@\n")
    more = {
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api/v4",
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "NOTES_TOKEN": token,
        "no_proxy": "127.0.0.1",
    }
    script = "set -eo pipefail\n" + "\n".join(job["script"])
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=test_pr_report.environment(folder, **more),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.server
def test_the_job_for_gitlab_writes_a_note_and_the_artifact(clone, gitlab):
    # As a runner has it: one commit, no branch.
    folder = clone("change", "--depth", "1")
    test_pr_report.call(folder, "git", "checkout", "--quiet", "--detach")
    done = run_job(folder, gitlab, "secret")
    assert done.returncode == 0, done.stderr
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert report.startswith("## What this changes, against `main`\n\nThe committed results are")
    assert re.search(r"\| params.yaml +\| resample.under.ratio +\| 4 +\| 8 +\|", report)
    ((path, token, form),) = gitlab.taken
    assert path == "/api/v4/projects/7/merge_requests/12/notes"
    assert (token, form) == ("secret", {"body": [report]})


@pytest.mark.slow
@pytest.mark.server
def test_the_job_for_gitlab_fails_where_results_are_out_of_date_and_says_why(clone, gitlab):
    folder = clone("change", "--depth", "1")
    test_pr_report.write_params(folder, ratio=9)
    done = run_job(folder, gitlab, "")
    assert done.returncode == 1
    assert gitlab.taken == []
    assert test_pr_report.STALE in (folder / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_by_hand_of_the_page_on_pull_requests_run(clone):
    first, second = pages.commands("docs/pull-requests.md")
    folder = clone("main")
    (folder / ".github").mkdir()
    (folder / ".github" / "pr-report.sh").write_bytes(test_pr_report.SCRIPT.read_bytes())
    makefile = re.search(r"^BASE \?=.*?\n\n", pages.text("Makefile"), re.M | re.S)[0]
    (folder / "Makefile").write_text(f".venv/ready:\n\n{makefile}", encoding="utf-8")
    environment = pages.with_command(folder / "bin", test_pr_report.environment(folder))
    done = pages.run(first, folder, environment)
    assert done.returncode in {0, 2}, done.stderr  # 2: make says that the script ended with 1
    assert done.stdout.startswith("## What this changes, against `main`")
    test_pr_report.judged(folder, test_pr_report.ANSWER, test_pr_report.INTERVALS)
    test_pr_report.call(folder, "git", "add", "--all")
    test_pr_report.call(folder, "git", "commit", "--quiet", "--message", "judged")
    done = pages.run(second, folder, environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The answer is the same.")
