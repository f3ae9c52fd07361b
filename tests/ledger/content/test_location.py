import subprocess
import sys
from pathlib import Path

import pytest

from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import InvalidContentUrl
from ledger.content.kubo import KuboContentStore
from ledger.content.location import open_content_store


@pytest.mark.parametrize(
    ("url", "directory"),
    [("", "content"), ("file:blocks", "blocks"), ("file:a%20b/c", "a b/c"), ("file:{}/x", "x")],
)
def test_a_file_url_or_nothing_opens_the_embedded_store(
    tmp_path: Path, url: str, directory: str
) -> None:
    store = open_content_store(url.format(tmp_path), tmp_path)
    assert isinstance(store, EmbeddedContentStore)
    cid = store.add(b"x")
    assert list((tmp_path / directory / "blocks").glob(f"*/{cid}"))
    store.close()


def test_a_file_url_with_slashes_is_absolute(tmp_path: Path) -> None:
    open_content_store(f"file://{tmp_path}/y", tmp_path / "elsewhere").close()
    assert (tmp_path / "y" / "blocks").is_dir()


def test_an_ipfs_url_opens_a_daemon_without_asking_it_anything(tmp_path: Path) -> None:
    store = open_content_store("ipfs+http://127.0.0.1:9", tmp_path)
    assert isinstance(store, KuboContentStore)


@pytest.mark.parametrize("url", ["s3://bucket", "/plain/path", "ipfs://bafy", "file:", "file://"])
def test_other_urls_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidContentUrl):
        open_content_store(url, tmp_path)


WITHOUT_THE_EXTRA = """
import sys
from pathlib import Path
sys.modules["ipfshttpclient"] = None
from ledger.content.errors import IpfsExtraMissing
from ledger.content.location import open_content_store
open_content_store("", Path(sys.argv[1])).close()
assert "ledger.content.kubo" not in sys.modules
try:
    open_content_store("ipfs+http://127.0.0.1:9", Path(sys.argv[1]))
except IpfsExtraMissing as error:
    print(error)
"""


def test_without_the_extra_the_embedded_store_works_and_a_daemon_is_refused_by_name(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "concord[ipfs]" in done.stdout
