"""`concord init`: a ledger that nobody else has, made whole or not at all, never overwritten."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from client import Keystore
from client.dao.contracts import ZERO_ADDRESS
from ledger.log import Log
from ledger.merkle import SigningKey as LogKey
from service.cli.datadir import identity_at
from service.dao import read_plan
from service.founding import LARGEST_CHAIN_ID, SMALLEST_CHAIN_ID, found_ledger, random_chain_id
from service.settings import Settings
from tests.support.commands import PASSPHRASE, Commands, Result
from tests.support.examples import LAB, OPERATOR, STEWARD


@pytest.fixture
def operator(user: Commands) -> Commands:
    """A user with the operator's key."""
    user.keep("operator", OPERATOR)
    return user


def init(user: Commands, *arguments: str) -> Result:
    """Makes a ledger without contracts."""
    return user("init", "--no-dao", *arguments)


def test_a_ledger_is_made_where_the_settings_look_for_it(operator: Commands) -> None:
    result = init(operator, "--json").check()
    data = operator.folder / "concord-data"
    assert {path.name for path in data.iterdir()} >= {"concord.db", "log.key", "checkpoint.last"}
    identity = identity_at(Settings(data_dir=data))
    assert result.json == {
        "data": "concord-data",
        "origin": identity.origin,
        "verifierKey": identity.verifier_key,
        "chainId": identity.chain_id,
        "operator": OPERATOR.address,
        "contracts": {},
    }


def test_the_logs_key_is_readable_to_its_owner_only(operator: Commands) -> None:
    init(operator, "--data", "d").check()
    assert stat.S_IMODE((operator.folder / "d").stat().st_mode) == 0o700
    assert stat.S_IMODE((operator.folder / "d" / "log.key").stat().st_mode) == 0o600
    assert not (operator.folder / "d" / "log.key.new").exists()


def test_two_ledgers_share_neither_origin_nor_chain_nor_key(operator: Commands) -> None:
    one, other = (init(operator, "--data", name, "--json").check().json for name in "ab")
    assert re.fullmatch(r"concord\.local/[0-9a-f]{8}", one["origin"])
    for field in ("origin", "chainId", "verifierKey"):
        assert one[field] != other[field]


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"\x80"])
def test_every_chain_id_is_one_that_json_and_wallets_read(filler: bytes) -> None:
    assert SMALLEST_CHAIN_ID <= random_chain_id(lambda n: filler * n) < LARGEST_CHAIN_ID


def test_a_named_origin_and_members_stand_in_the_first_leaf(operator: Commands) -> None:
    members = (f"North=Hospital={STEWARD.address}:steward", f"Lab={LAB.address}:developer,gateway")
    refused = init(operator, "--data", "x", "--member", members[0])
    assert refused.code == 4
    result = init(
        operator,
        *("--data", "d", "--origin", "ledger.example.org/concord"),
        *("--member", f"North Hospital={STEWARD.address}:steward", "--member", members[1]),
    ).check()
    assert "2 members" in result.out
    assert "ledger.example.org/concord+" in result.out
    assert identity_at(Settings(data_dir=operator.folder / "d")).origin.startswith("ledger.example")


def test_a_second_init_refuses_and_changes_nothing(operator: Commands) -> None:
    init(operator, "--data", "d").check()
    before = {path: path.read_bytes() for path in (operator.folder / "d").iterdir()}
    assert "never overwritten" in init(operator, "--data", "d").check(3).err
    assert {path: path.read_bytes() for path in (operator.folder / "d").iterdir()} == before


def test_without_any_key_the_operators_is_made(user: Commands) -> None:
    result = init(user, "--data", "d", "--json").check()
    keystore = Keystore(user.home / "keys")
    assert [key.name for key in keystore.stored()] == ["operator"]
    assert keystore.unlock("operator", PASSPHRASE).address == result.json["operator"]


def test_among_several_keys_the_operators_must_be_named(operator: Commands) -> None:
    operator.keep("lab", LAB)
    assert "lab, operator" in init(operator, "--data", "d").check(4).err
    assert not (operator.folder / "d").exists()
    made = init(operator, "--data", "d", "--operator", "lab", "--json").check().json
    assert made["operator"] == LAB.address


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--origin", "Not An Origin"], "key name"),
        (["--origin", "Ledger.Example"], "origin"),
        (["--origin", "a+b"], "key name"),
        (["--origin", ""], "name"),
        (["--member", "nonsense"], "NAME=ADDRESS:role"),
        (["--member", "X=0x12:steward"], "address"),
        (["--member", f"X={LAB.address}:king"], "roles"),
        (["--operator", "nobody"], "No key nobody"),
        (["--guardian", "everybody"], "no address"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_ledger(
    operator: Commands, arguments: list[str], words: str
) -> None:
    result = init(operator, "--data", "d", *arguments)
    assert result.code in {3, 4}, result
    assert words in result.err
    assert not (operator.folder / "d" / "log.key").exists()
    init(operator, "--data", "d").check()


@pytest.mark.slow  # contracts are deployed
@pytest.mark.parametrize("named", ["members", LAB.address, "none"])
def test_the_guardian_is_the_members_unless_another_or_none_is_named(
    operator: Commands, named: str
) -> None:
    option = [] if named == "members" else ["--guardian", named]
    made = operator("init", "--data", "d", *option, "--json").check().json
    plan = read_plan(Settings(data_dir=operator.folder / "d"))
    expected = {"members": made["contracts"]["TimelockController"], "none": ZERO_ADDRESS}
    assert plan.guardian == expected.get(named, named)


@pytest.mark.parametrize("moment", ["before the first leaf", "after the first leaf"])
def test_an_interrupted_init_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    settings = Settings(data_dir=tmp_path / "d")

    class PowerFailure(BaseException):
        pass

    def fail(*_: object, **__: object) -> None:
        raise PowerFailure

    rename = Path.rename

    def fail_at_the_end(path: Path, target: Path) -> Path:
        if target == settings.log_key_path:
            raise PowerFailure
        return rename(path, target)

    with monkeypatch.context() as patch:
        if moment == "before the first leaf":
            patch.setattr(Log, "create", fail)
        else:
            patch.setattr(Path, "rename", fail_at_the_end)
        with pytest.raises(PowerFailure):
            found_ledger(settings, operator=OPERATOR)
    assert not settings.log_key_path.exists()
    left = LogKey.parse((settings.data_dir / "log.key.new").read_text().strip())
    identity = found_ledger(settings, operator=OPERATOR)
    assert identity.verifier_key == str(left.verifier)
    assert identity_at(settings) == identity


def test_a_database_with_a_ledger_whose_key_is_elsewhere_is_refused(operator: Commands) -> None:
    init(operator, "--data", "d").check()
    (operator.folder / "d" / "log.key").rename(operator.folder / "safe.key")
    assert "ledger-exists" in init(operator, "--data", "d").check(3).err
    assert not (operator.folder / "d" / "log.key").exists()
