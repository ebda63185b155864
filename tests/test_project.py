"""The files around the code agree with each other, and workflows give nothing away."""

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import rebalance

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted(path.name for path in (ROOT / ".github" / "workflows").iterdir())
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/design.md")


def read(*names):
    return ROOT.joinpath(*names).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]


def workflow(name):
    text = read(".github", "workflows", name)
    return text, yaml.safe_load(text)


def steps(content):
    return [step for job in content["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_safe_with_code_and_names_from_anybody(name):
    text, content = workflow(name)

    assert content["permissions"] == {}
    assert "pull_request_target" not in re.sub("#.*", "", text)
    assert "secrets." not in text
    for step in steps(content):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", "")
    for job in content["jobs"].values():
        runs_code = any("uses" in step for step in job["steps"])
        granted = {"contents": "read"} if runs_code else {"pull-requests": "write"}
        assert job["permissions"] == granted


def test_a_comment_is_written_for_branches_of_this_repository_only():
    _, content = workflow("pull-request.yml")

    condition = content["jobs"]["comment"]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition


def test_the_checks_are_those_of_the_command_line():
    _, content = workflow("check.yml")

    run = [step["run"] for step in content["jobs"]["check"]["steps"] if "run" in step]
    assert run == re.findall("^make .*", read(".ci", "run"), flags=re.MULTILINE)


def test_every_python_that_the_metadata_names_is_tried():
    _, content = workflow("check.yml")

    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert content["jobs"]["check"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"


def targets(text):
    return set(re.findall(r"^([a-z-]+):.*## ", text, flags=re.MULTILINE))


def test_a_make_target_that_is_named_exists():
    texts = [*map(read, PAGES), *(workflow(name)[0] for name in WORKFLOWS)]
    named = set(re.findall(r"(?:`|run: )make ([a-z-]+)", "\n".join(texts)))
    assert {"test", "coverage"} < named <= targets(read("Makefile"))


def test_make_help_lists_every_target():
    declared = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", read("Makefile"))[1]
    assert targets(read("Makefile")) == set(declared.replace("\\\n", " ").split())


def test_one_version_everywhere():
    version = PROJECT["version"]

    assert rebalance.__version__ == importlib.metadata.version("rebalance") == version
    assert yaml.safe_load(read("CITATION.cff"))["version"] == version
    assert re.findall(r"^## \[(.*?)\]", read("CHANGELOG.md"), re.MULTILINE)[:2] == [
        "Unreleased",
        version,
    ]


def test_pre_commit_lints_with_the_locked_ruff():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]

    locked = re.search(r"^ruff==\S+", read("requirements.txt"), re.MULTILINE)[0]
    assert [hook["additional_dependencies"] for hook in hooks] == [[locked]] * 2


def test_only_the_library_is_installed():
    found = tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]["packages"]["find"]
    assert found["include"] == ["rebalance*"]


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_links_to_exists(name):
    folder = (ROOT / name).parent
    for place in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(name)):
        assert (folder / place).exists(), place


def private_names(tree):
    """Yield the private names of other objects that a module reads, sets or imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name):
                yield name
            case ast.ImportFrom(module=str(module), names=names):
                if not module.startswith("rebalance"):
                    yield from [*module.split("."), *(alias.name for alias in names)]
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=arguments):
                if isinstance(arguments[1], ast.Constant):
                    yield arguments[1].value


def own_names(tree):
    """Yield the private names that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


# Public in spite of their names.
PUBLIC = {"_replace", "_asdict", "_fields", "_exit"}


def test_the_ledger_has_every_private_name_of_another_library_and_no_other():
    modules = [
        *ROOT.glob("rebalance/**/*.py"),
        *ROOT.glob("stages/*.py"),
        ROOT / "tests/mutants.py",
    ]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules]
    ours = {name for tree in trees for name in own_names(tree)} | PUBLIC

    touched = {name for tree in trees for name in private_names(tree)}
    ledger = read("docs", "design.md").partition("## Ledger")[2]
    assert (
        set(re.findall(r"(?<!\w)_[a-zA-Z]\w+", ledger))
        == {name for name in touched if re.match("_[^_]", name)} - ours
    )


def imported(tree):
    """Yield the packages of the library that a module imports."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="rebalance", names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)) if module.startswith("rebalance."):
                yield module.split(".")[1]


def test_a_package_imports_only_from_those_above_it_in_the_design():
    table = read("docs", "design.md").partition("## Packages")[2].partition("## Words")[0]
    order = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", table, flags=re.MULTILINE)
    names = {path.stem for path in ROOT.glob("rebalance/[a-z]*") if path.suffix in {"", ".py"}}
    assert set(order) == names

    for path in ROOT.glob("rebalance/[a-z]*/**/*.py"):
        package = path.relative_to(ROOT).parts[1]
        above = order[: order.index(package) + 1]
        found = set(imported(ast.parse(path.read_text(encoding="utf-8"))))
        assert found <= set(above), f"{path.relative_to(ROOT)} imports {found - set(above)}"


def test_functions_carry_their_types_in_docstrings_only():
    for path in ROOT.glob("rebalance/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                hints = [node.returns, *(argument.annotation for argument in node.args.args)]
                assert not any(hints), f"{path.name}: {node.name}"
