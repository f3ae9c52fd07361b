from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.errors import InvalidSize, InvalidTilePath, SizeShrank
from ledger.merkle.tiles import (
    EntriesAddress,
    TileAddress,
    changed_tile_addresses,
    entries_addresses,
    parse_tile_path,
    partial_tile_addresses,
    tile_addresses,
)

SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (TileAddress(0, 0), "tile/0/000"),
        (TileAddress(0, 1234067), "tile/0/x001/x234/067"),
        (TileAddress(63, 999, 1), "tile/63/999.p/1"),
        (TileAddress(1, 1000, 255), "tile/1/x001/000.p/255"),
        (TileAddress(0, 2**55 - 1), "tile/0/x036/x028/x797/x018/x963/967"),
        (EntriesAddress(0, 7), "tile/entries/000.p/7"),
        (EntriesAddress(1234067), "tile/entries/x001/x234/067"),
    ],
)
def test_a_path_is_written_and_read_as_specified(
    address: TileAddress | EntriesAddress, path: str
) -> None:
    assert address.path == path
    assert parse_tile_path(path) == address


@given(st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_every_address_is_read_back_from_its_path(level: int, n: int, width: int) -> None:
    tile, entries = TileAddress(level, n, width), EntriesAddress(n, width)
    assert parse_tile_path(tile.path) == tile
    assert parse_tile_path(entries.path) == entries


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/100/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/x/000",
        "tile/0/x000/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/0/001/002",
        "tile/0/X001/002",
        "tile/0/x01/002",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/1000",
        "tile/0/000.p/-1",
        "tile/0/000.p/+7",
        "tile/0/000.p/0_7",
        "tile/0/000.P/7",
        "tile/0/000p/7",
        "tile/0/000.p/7/",
        "tile/0/000.p/7\n",
        "tile/0/000\n",
        "tile/0/\u0660\u0661\u0662",
        "tile/\u0661/000",
        "tile/0/ 00",
        "tile/0/../000",
        "tile/0/x001/x002/x003/x004/x005/x006/x007/008",
        "tile/entries/0",
        "tile/entries/x000/000",
        "tile/entry/000",
        "tile/entries/000.p/256",
        "tile/0/000?x=1",
        "tile/0/000%2ep/7",
    ],
)
def test_any_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(InvalidTilePath):
        parse_tile_path(path)


@given(st.text(alphabet="tile/entris0123456789x.p ", max_size=30))
def test_what_is_read_is_what_was_written(text: str) -> None:
    path = f"tile/{text}"
    try:
        address = parse_tile_path(path)
    except InvalidTilePath:
        return
    assert address.path == path


def test_a_tree_of_70000_has_the_tiles_the_specification_counts() -> None:
    addresses = list(tile_addresses(70_000))
    full = [at for at in addresses if at.width == 256]
    partial = [at for at in addresses if at.width < 256]
    assert full == [*(TileAddress(0, n) for n in range(273)), TileAddress(1, 0)]
    assert partial == [TileAddress(0, 273, 112), TileAddress(1, 1, 17), TileAddress(2, 0, 1)]
    assert partial_tile_addresses(70_000) == tuple(partial)
    assert list(entries_addresses(70_000)) == [
        *(EntriesAddress(n) for n in range(273)),
        EntriesAddress(273, 112),
    ]


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it() -> None:
    assert list(tile_addresses(256)) == [TileAddress(0, 0), TileAddress(1, 0, 1)]


def test_the_empty_tree_has_no_tiles() -> None:
    assert list(tile_addresses(0)) == list(entries_addresses(0)) == []
    assert partial_tile_addresses(0) == ()


@pytest.mark.parametrize("size", SIZES)
def test_partial_widths_follow_the_formula(size: int) -> None:
    for level in range(4):
        width = size // 256**level % 256
        expected = [TileAddress(level, size // 256 ** (level + 1), width)] if width else []
        assert [at for at in partial_tile_addresses(size) if at.level == level] == expected
        assert [
            at for at in tile_addresses(size) if at.level == level and at.width < 256
        ] == expected


@pytest.mark.parametrize("size", SIZES)
def test_exactly_the_tiles_of_a_tree_and_their_prefixes_are_within_it(size: int) -> None:
    widths = {(at.level, at.n): at.width for at in tile_addresses(size)}
    for level in range(4):
        for n in {0, 1, size >> 8, (size >> 8) + 1, size >> 16, (size >> 16) + 1}:
            for width in (1, 2, 111, 112, 113, 254, 255, 256):
                stands = width <= widths.get((level, n), 0)
                assert TileAddress(level, n, width).is_within(size) == stands
                if level == 0:
                    assert EntriesAddress(n, width).is_within(size) == stands


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_changed_tiles_are_the_difference_of_two_trees(one: int, other: int) -> None:
    old, new = sorted((one, other))
    before = set(tile_addresses(old))
    assert list(changed_tile_addresses(old, new)) == [
        at for at in tile_addresses(new) if at not in before
    ]


def test_a_tree_that_shrank_has_no_changed_tiles() -> None:
    with pytest.raises(SizeShrank):
        changed_tile_addresses(2, 1)


def test_sizes_no_log_can_have_are_refused() -> None:
    for tiles_of in (tile_addresses, entries_addresses, partial_tile_addresses):
        for size in (-1, 2**63):
            with pytest.raises(InvalidSize):
                tiles_of(size)
