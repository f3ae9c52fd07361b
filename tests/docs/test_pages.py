"""What the pages name is there: commands, options, routes, settings, files, modules, problems."""

from __future__ import annotations

import ast
import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from fastapi.routing import APIRoute
from typer.core import TyperCommand, TyperGroup

from client import Ledger
from governance.actions import kinds
from ledger.events.bodies import BODIES
from service.app import create_app
from service.cli.main import app
from service.http.catalogue import entries, load_all
from service.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/*.md"))
)
# A decision is never rewritten: it names what was there on its day.
PRESENT = [page for page in PAGES if page.parent.name != "adr"]
PACKAGES = ("ledger", "governance", "service", "client", "dashboard", "benchmarks")
# Read by the client, the command line, the dashboard, or by the compose files.
OTHER_VARIABLES = {
    "CONCORD_HOME",
    "CONCORD_KEY",
    "CONCORD_MEMBERS",
    "CONCORD_PASSPHRASE",
    "CONCORD_PASSPHRASE_FILE",
    "CONCORD_SERVER",
    "CONCORD_VERIFIER_KEY",
    "CONCORD_CHAIN_NET",
}
API = (ROOT / "docs" / "api.md").read_text("utf-8")
CLI = (ROOT / "docs" / "cli.md").read_text("utf-8")


Command = TyperCommand | TyperGroup


def text_of(page: Path) -> str:
    return (ROOT / page).read_text("utf-8")


def code_in(text: str) -> list[str]:
    """Code spans and lines of shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.partition("#")[0] for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def commands() -> dict[str, Command]:
    """Every command by its words, groups too."""
    found: dict[str, Command] = {}

    def walk(group: TyperGroup, words: tuple[str, ...]) -> None:
        for name, command in group.commands.items():
            assert isinstance(command, TyperCommand | TyperGroup)
            found[" ".join((*words, name))] = command
            if isinstance(command, TyperGroup):
                walk(command, (*words, name))

    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    walk(root, ())
    return found


COMMANDS = commands()
GLOBAL_OPTIONS = {"--server", "--key", "--passphrase-file", "--verifier-key", "--json", "--help"}


def options_of(command: Command) -> set[str]:
    return {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)} | GLOBAL_OPTIONS


def calls(text: str) -> list[tuple[str, str]]:
    """Commands that the code in a text calls, each with what follows."""
    found = []
    for code in code_in(text):
        for rest in re.findall(r"(?:^|[\s(])concord ((?:(?!&&|;|\|\|).)+)", code):
            words = re.findall(r"^[a-z-]+(?: [a-z-]+)?", rest.strip())
            if not words or words[0].startswith("-"):
                continue
            one = words[0].split()
            name = " ".join(one) if " ".join(one) in COMMANDS else one[0]
            found.append((name, rest))
    return found


def routes() -> set[tuple[str, str]]:
    found = set()
    for route in create_app(Settings()).router.routes:
        if isinstance(route, APIRoute):
            path = re.sub(r":[a-z]+\}", "}", route.path)
            found |= {(method, path) for method in route.methods or ()}
    return found


ROUTES = routes()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_and_option_that_a_page_calls_exists(page: Path) -> None:
    for name, rest in calls(text_of(page)):
        assert name in COMMANDS, f"{page}: concord {rest}"
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
            # A group is also named with an option of one of its commands.
            known = set().union(
                *(
                    options_of(command)
                    for words, command in COMMANDS.items()
                    if words == name or words.startswith(f"{name} ")
                )
            )
            assert option in known, f"{page}: concord {name} has no {option}"


def test_the_command_lines_page_names_every_command_and_no_option_that_there_is_not() -> None:
    rows = "\n".join(line for line in CLI.splitlines() if line.startswith("|"))
    for name in COMMANDS:
        words = name.split()
        assert all(re.search(rf"`[^`]*\b{re.escape(word)}\b[^`]*`", rows) for word in words), name
    known = set().union(*(options_of(command) for command in COMMANDS.values()))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", rows)) <= known


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_route_that_a_page_names_is_served(page: Path) -> None:
    text = text_of(page)
    for method, path in re.findall(r"`(GET|POST|DELETE|HEAD) (/[^\s`?\[…,]*)", text):
        asked = "GET" if method == "HEAD" else method
        assert any(
            asked == known and re.fullmatch(_pattern(served), path) for known, served in ROUTES
        ), f"{page}: {method} {path}"


def _pattern(served: str) -> str:
    """A route as a pattern: names in braces may be called otherwise, or be an example."""
    parts = re.split(r"\{[^}]*\}", served)
    return r"[^/:]+".join(re.escape(part) for part in parts)


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES), ids=" ".join)
def test_every_route_stands_on_the_apis_page(method: str, path: str) -> None:
    del method
    last = [part for part in path.split("/") if part and not part.startswith("{")][-1]
    # `{proposal}:queue` is an action of its own, `events:batch` likewise.
    word = path.rpartition(":")[2] if ":" in path else last
    assert re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", API), path


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_variable_that_a_page_names_is_read_somewhere(page: Path) -> None:
    known = OTHER_VARIABLES | {f"CONCORD_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bCONCORD_[A-Z_]+[A-Z]\b", text_of(page)))
    assert named <= known, f"{page}: {sorted(named - known)}"


@pytest.mark.parametrize("page", PRESENT, ids=str)
def test_every_link_and_path_of_a_page_leads_somewhere(page: Path) -> None:
    text = text_of(page)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://", "#")):
            path = (ROOT / page).parent / target.partition("#")[0]
            assert path.exists(), f"{page}: {target}"
    for code in code_in(text):
        for named in re.findall(
            rf"(?<![\w/.-])(?:{'|'.join(PACKAGES)}|docs|docker)/[\w./-]+", code
        ):
            assert (ROOT / named.rstrip("./")).exists(), f"{page}: {named}"


@pytest.mark.parametrize("page", PRESENT, ids=str)
def test_every_module_that_a_page_names_can_be_found(page: Path) -> None:
    for code in code_in(text_of(page)):
        for dotted in re.findall(rf"(?<![\w/.-])((?:{'|'.join(PACKAGES)})(?:\.\w+)+)", code):
            # `ledger.…` is also what scripts call the client, and what some kinds begin with.
            name = dotted.split(".")[1]
            names_something_else = dotted in BODIES or name == "dao" or hasattr(Ledger, name)
            assert names_something_else or _is_found(dotted), f"{page}: {dotted}"


def _is_found(dotted: str) -> bool:
    """A module, or a name in one."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        file = ROOT.joinpath(*parts[:count])
        if file.is_dir() or file.with_suffix(".py").is_file():
            source = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
            rest = parts[count:]
            return not rest or re.search(rf"\b{rest[0]}\b", source.read_text("utf-8")) is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_pages_python_compiles_and_imports_what_there_is(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", text_of(page), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert find_spec(node.module) is not None
                module = __import__(node.module, fromlist=["*"])
                assert all(hasattr(module, name.name) for name in node.names), f"{page}: {node}"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_problem_that_a_page_names_with_a_status_has_it(page: Path) -> None:
    load_all()
    known = entries()
    for status, code in re.findall(r"\b([45]\d\d) `([a-z]+(?:-[a-z]+)+)`", text_of(page)):
        assert code in known, f"{page}: {code}"
        assert known[code].status == int(status), f"{page}: {code}"


def test_every_action_stands_on_the_apis_page_with_its_fields() -> None:
    told = API.partition("### Actions")[2].partition("\n## ")[0]
    for action in vars(kinds).values():
        fields = getattr(action, "model_fields", {})
        if "action" in fields and fields["action"].default:
            for name, field in fields.items():
                assert f"`{field.alias or name}`" in told
            assert f"`{fields['action'].default}`" in told


def test_the_front_page_names_every_room() -> None:
    readme = text_of(Path("README.md"))
    for package in PACKAGES[:-1]:
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{package}/`"))
        for room in sorted(path.name for path in (ROOT / package).iterdir() if path.is_dir()):
            if room not in {"__pycache__", "entry", "node_modules"}:
                assert f"`{room}`" in row, f"{package}/{room}"


def test_commands_on_the_front_page_are_those_of_run() -> None:
    run = (ROOT / "run").read_text("utf-8")
    for command in re.findall(r"\./run ([a-z]+)", text_of(Path("README.md"))):
        assert f'"{command}"' in run
    assert os.access(ROOT / "run", os.X_OK)
