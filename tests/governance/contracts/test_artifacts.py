from __future__ import annotations

import filecmp
import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

import governance.contracts
from governance.contracts import CONTRACT_NAMES, artifact
from tests.support.peers import absent

CONTRACTS = Path(str(resources.files(governance.contracts)))
CODE_SIZE_LIMIT = 24_576
"""EIP-170, bytes."""


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_every_contract_fits_on_chain(name: governance.contracts.ContractName) -> None:
    compiled = artifact(name)
    assert 0 < len(compiled.deployed_bytecode) < CODE_SIZE_LIMIT
    assert len(compiled.bytecode) < 2 * CODE_SIZE_LIMIT
    assert any(entry["type"] == "constructor" for entry in compiled.abi)


def test_a_selector_is_that_of_the_abi() -> None:
    assert artifact("ConcordToken").selector("transfer").hex() == "a9059cbb"


@pytest.mark.parametrize("function", ["absent", "safeTransferFrom"])
def test_a_selector_is_given_for_one_function_only(function: str) -> None:
    with pytest.raises(KeyError, match=function):
        artifact("ModelRegistry").selector(function)


def test_every_own_error_carries_its_contracts_name() -> None:
    for source in (CONTRACTS / "solidity").glob("*.sol"):
        for error in re.findall(r"^ +error (\w+)\(", source.read_text("utf-8"), re.MULTILINE):
            assert error.startswith(source.stem), error


def test_the_committed_input_holds_the_committed_sources() -> None:
    """So that an explorer, or anyone, can verify the contracts from one file."""
    document = json.loads((CONTRACTS / "artifacts" / "compiler-input.json").read_text("utf-8"))
    for source in (CONTRACTS / "solidity").glob("*.sol"):
        assert document["sources"][source.name]["content"] == source.read_text("utf-8")
    assert document["settings"]["evmVersion"] == "cancun"
    assert document["settings"]["optimizer"] == {"enabled": True, "runs": 200}


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (CONTRACTS / "package-lock.json").read_text("utf-8")


@pytest.mark.slow
def test_compiling_again_gives_the_committed_artifacts_byte_for_byte(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        absent("no npm: compiling the contracts again needs Node and npm")
    here = tmp_path / "contracts"
    here.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc", "compile.mjs"):
        shutil.copy(CONTRACTS / name, here)
    shutil.copytree(CONTRACTS / "solidity", here / "solidity")
    subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=here, check=True)
    subprocess.run(["node", "compile.mjs"], cwd=here, check=True, stdout=subprocess.DEVNULL)
    committed = sorted(path.name for path in (CONTRACTS / "artifacts").iterdir())
    assert sorted(path.name for path in (here / "artifacts").iterdir()) == committed
    equal, *different = filecmp.cmpfiles(
        CONTRACTS / "artifacts", here / "artifacts", committed, shallow=False
    )
    assert (equal, different) == (committed, [[], []])
