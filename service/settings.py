"""What can be configured: environment variables that begin with `CONCORD_`, each limit with its
unit in its name.

A part that can be outgrown is chosen by URL here, never in code. Paths that are not set lie in the
data directory, in one fixed layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Bytes = Annotated[int, Field(ge=1_024, le=2**30)]
PerSecond = Annotated[float, Field(gt=0, le=1_000_000)]
AtOnce = Annotated[int, Field(ge=1, le=1_000_000)]


class AnchorChain(BaseModel):
    """A further chain that the log's roots are anchored on.

    Attributes:
        url: http(s) address of a node.
        chain_id: what the node must answer for.
        registry: address of the `AnchorRegistry` there; the relayer needs its operator's role.
        from_block: the registry does not exist at this block yet.
        confirmations: blocks that must follow one before it counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://")]
    chain_id: Annotated[int, Field(gt=0)]
    registry: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    from_block: Annotated[int, Field(ge=0)] = 0
    confirmations: Annotated[int, Field(ge=0)] = 12


class Settings(BaseSettings):
    """Settings of one service process.

    Attributes:
        data_dir: what the ledger keeps on disk.
        database_url: SQLAlchemy URL; `concord.db` in the data directory where it is not set.
        log_key_file: signed-note private key of the log; `log.key` in the data directory where it
            is not set.
        origin: if set, the service refuses to serve a log of another origin.
        public_url: where others reach the service; a request's own host where it is not set.
        host, port: what the service listens on.
        reads: who may read: everybody, or members who have signed in.
        sign_in_domains: authorities (`host[:port]`) that sign-in messages may name beside the
            service's own, such as the dashboard's.
        sign_in_seconds: how long a message to sign in with is good.
        session_seconds: how long somebody who has signed in stays so.
        cors_origins: web origins that browsers may call from; none by default.
        max_event_bytes: request body of one event, and of everything that is not a batch.
        max_batch_bytes: request body of a batch of events.
        max_batch_events: events in one batch.
        max_evaluations: evaluations in one access request.
        max_head_bytes: request line and headers of one request.
        max_connections: open at the same time; beyond them callers get 503.
        max_streams: server-sent event streams at the same time; beyond them callers get 503.
        max_queued_events: events that wait to be recorded; beyond them callers get 503.
        head_seconds: how long a client may take to send a request's headers.
        body_seconds: how long a client may take to send a request's body.
        idle_seconds: how long a connection without a request stays open.
        stream_pulse_seconds: how often a quiet stream says that it is alive.
        stall_seconds: how long an answer waits for a client that does not read.
        drain_seconds: how long a stop waits for requests under way.
        reader_threads: database reads at the same time.
        chain_url: where the DAO is: `embedded:DIRECTORY` or a node's http(s) address; embedded in
            `chain` in the data directory where it is not set.
        chain_confirmations: blocks that must follow one before it counts; 0 embedded and 12
            elsewhere where it is not set.
        chain_development: whether anyone may move the embedded chain's clock; for demos and tests.
        relayer_key_file: secp256k1 key, 64 hex digits, of the account that deploys, relays and
            anchors; `relayer.key` in the data directory where it is not set.
        mirror_key_file: such a key, of who tells the log what contracts did; `mirror.key` in the
            data directory where it is not set, and the relayer's key where that is not there.
        content_url: where policies, texts and evidence are kept: `file:DIRECTORY` or
            `ipfs+http(s)://…` of a Kubo daemon; `content` in the data directory where it is empty.
        max_content_bytes: one document that is added to the content store.
        max_manifest_bytes: inputs manifests that are read for one audit, together; with more, the
            answer is incomplete.
        anchor_leaves: new leaves after which a root is anchored.
        anchor_seconds: time after which a root is anchored if there is any new leaf.
        anchor_chains: further chains to anchor on, a JSON list of `AnchorChain`.
        mirror_seconds: how often the chain is asked for what is new.
        anchor_check_seconds: how often it is looked whether a root is due.
        policy_seconds: how often it is looked for texts of adopted policies that are not at hand.
        keeper_seconds: how often proposals are queued and executed that are due.
        chain_threads: requests to the chain at the same time.
        max_rpc_bytes: request body of `/rpc`.
        max_rpc_requests: JSON-RPC requests in one batch.
        voter_ballots_per_second: ballots and delegations of one signer, in the long run.
        voter_ballots_at_once: likewise, one right after the other.
        source_ballots_per_second: ballots and delegations from one client address (an IPv6 network
            of 64 bits is one), in the long run.
        source_ballots_at_once: likewise, one right after the other.
        max_waiting_ballots: that wait to be sent; beyond them callers get 503.
        source_trials_per_second: proposals prepared, tried, carried on or counted again for one
            client address, in the long run.
        source_trials_at_once: likewise, one right after the other.
        max_proposal_bytes: request body of a proposal to be prepared.
    """

    model_config = SettingsConfigDict(
        env_prefix="CONCORD_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path = Path("concord-data")
    database_url: str | None = None
    log_key_file: Path | None = None
    origin: str | None = None
    public_url: str | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    reads: Literal["public", "members"] = "public"
    sign_in_domains: tuple[str, ...] = ()
    sign_in_seconds: Seconds = 600
    session_seconds: Seconds = 3_600
    cors_origins: tuple[str, ...] = ()

    max_event_bytes: Bytes = 128 * 1024
    max_batch_bytes: Bytes = 8 * 1024 * 1024
    max_batch_events: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    max_evaluations: Annotated[int, Field(ge=1, le=10_000)] = 256
    max_head_bytes: Bytes = 64 * 1024
    max_connections: Annotated[int, Field(ge=1)] = 2_048
    max_streams: Annotated[int, Field(ge=0)] = 256
    max_queued_events: Annotated[int, Field(ge=1)] = 10_000

    head_seconds: Seconds = 10
    body_seconds: Seconds = 30
    idle_seconds: Seconds = 60
    stream_pulse_seconds: Seconds = 15
    stall_seconds: Seconds = 30
    drain_seconds: Seconds = 20
    # Fewer than the store has connections for reads: the keeper, streams and the mirror read, too.
    reader_threads: Annotated[int, Field(ge=1, le=12)] = 8

    chain_url: str | None = None
    chain_confirmations: Annotated[int, Field(ge=0)] | None = None
    chain_development: bool = False
    relayer_key_file: Path | None = None
    mirror_key_file: Path | None = None
    content_url: str = ""
    max_content_bytes: Bytes = 64 * 1024 * 1024
    max_manifest_bytes: Bytes = 64 * 1024 * 1024
    anchor_leaves: Annotated[int, Field(ge=1)] = 1_000
    anchor_seconds: Annotated[int, Field(ge=1)] = 3_600
    anchor_chains: tuple[AnchorChain, ...] = ()
    mirror_seconds: Seconds = 1
    anchor_check_seconds: Seconds = 5
    policy_seconds: Seconds = 15
    keeper_seconds: Seconds = 15
    chain_threads: Annotated[int, Field(ge=1, le=256)] = 32
    max_rpc_bytes: Bytes = 4 * 1024 * 1024
    max_rpc_requests: Annotated[int, Field(ge=1, le=10_000)] = 500
    voter_ballots_per_second: PerSecond = 0.5
    voter_ballots_at_once: AtOnce = 20
    source_ballots_per_second: PerSecond = 500
    source_ballots_at_once: AtOnce = 2_000
    max_waiting_ballots: AtOnce = 4_096
    source_trials_per_second: PerSecond = 2
    source_trials_at_once: AtOnce = 40
    max_proposal_bytes: Bytes = 1024 * 1024

    @field_validator("public_url")
    @classmethod
    def _is_a_base_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")) or "?" in url or "#" in url:
            raise ValueError("a public URL is http(s)://host[/path], without query or fragment")
        return url.rstrip("/")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'concord.db'}"

    @property
    def log_key_path(self) -> Path:
        """File that holds the log's private key."""
        return self.log_key_file or self.data_dir / "log.key"

    @property
    def chain(self) -> str:
        """URL of the DAO's chain."""
        return self.chain_url or f"embedded:{self.data_dir / 'chain'}"

    @property
    def relayer_key_path(self) -> Path:
        """File that holds the relayer's private key."""
        return self.relayer_key_file or self.data_dir / "relayer.key"

    @property
    def mirror_key_path(self) -> Path:
        """File that holds the mirror's private key, where it is not the relayer's."""
        return self.mirror_key_file or self.data_dir / "mirror.key"

    @property
    def dao_plan_path(self) -> Path:
        """File that says how the DAO was deployed."""
        return self.data_dir / "dao.json"
