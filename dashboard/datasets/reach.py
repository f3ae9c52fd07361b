"""What a dataset was used for, and what withdrawing it would reach. Asking changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from client import JsonObject, drafts
from client.fields import flag, number, objects, optional_number, texts
from client.fields import text as text_of
from dashboard.components.explain import hint
from dashboard.components.markup import Markup, card, cards, line, show, text
from dashboard.components.states import empty
from dashboard.models.lineage import Node
from dashboard.models.node_titles import learn_node_titles
from dashboard.models.verdicts import is_judged, judged_badge, until_judged, verdicts_of
from dashboard.navigation import anchor
from dashboard.reading.connection import read
from dashboard.reading.names import readable
from dashboard.reading.titles import model_title
from dashboard.signing.events import begin, is_signing, show_done, sign_here
from dashboard.words.terms import counted

_SHOWN = 12
_USES_SHOWN = 20
_EFFECT = (
    "What was made with it before stays as it is: the audit of each model below says with a note "
    "that the dataset was withdrawn. To make a model count as tainted, a permission is taken back "
    "with effect on the past, under “Who has access”."
)
"""What a withdrawal does to models; see the audit's finding `dataset-withdrawn`."""


def show_reach(reach: JsonObject) -> None:
    """What would be reached: a sentence, and the models by name."""
    models = objects(reach, "models")
    show(
        line(text(readable(text_of(reach, "sentence")))),
        line(
            f"{counted(len(texts(reach, 'grants')), 'permission')}, "
            f"{counted(number(reach, 'uses'), 'recorded use')}, "
            f"{counted(len(objects(reach, 'runs')), 'training run')}, "
            f"{counted(len(models), 'model version')}, "
            f"{counted(len(texts(reach, 'releases')), 'release')}.",
            cls="c-line c-soft",
        ),
    )
    nodes = [Node.parse(text_of(item, "node")) for item in models[:_SHOWN]]
    learn_node_titles(nodes)
    show(*(line(_version(node)) for node in nodes))
    if len(models) > _SHOWN:
        show(line(f"And {len(models) - _SHOWN} more."))
    if not flag(reach, "isComplete"):
        show(line("There may be more: not everything could be looked at."))


def _version(node: Node) -> Markup:
    return anchor(
        "models", model_title(node.name, node.version), icon=":material/deployed_code:",
        model=node.name, version=node.version,
    )  # fmt: skip


def use_view(dataset: str) -> None:
    """Which runs used the dataset, and which models came out of them."""
    reach = read(f"/v1/datasets/{dataset}/impact")
    models = objects(reach, "models")
    if not models and not objects(reach, "runs"):
        empty("No use of this dataset for a model is recorded.")
        return
    shown = {Node.parse(text_of(item, "node")): number(item, "depth")
             for item in models[:_USES_SHOWN]}  # fmt: skip
    learn_node_titles(shown)

    def verdicts() -> dict[tuple[str, str], JsonObject]:
        return verdicts_of((node.name, node.version) for node in shown)

    until_judged(
        lambda: _uses(shown, verdicts()), lambda: not all(map(is_judged, verdicts().values()))
    )
    if len(models) > _USES_SHOWN:
        show(line(f"And {len(models) - _USES_SHOWN:,} more models."))
    runs = [Node.parse(text_of(item, "node")).name for item in objects(reach, "runs")]
    show(line("Training runs: ", text(", ".join(runs[:50]) or "none"), "."))


def _uses(models: Mapping[Node, int], verdicts: Mapping[tuple[str, str], JsonObject]) -> None:
    """Model versions with how many steps they are away."""
    show(
        cards(
            card(
                _version(node),
                line(
                    judged_badge(verdicts.get((node.name, node.version), {})),
                    " directly made with it" if steps <= 2 else f" {steps} steps away from it",
                ),
            )
            for node, steps in models.items()
        )
    )


def reach_view(dataset: JsonObject) -> None:
    """What a withdrawal would reach, and withdrawing."""
    name = text_of(dataset, "dataset")
    place = f"withdraw-{name}"
    is_withdrawn = optional_number(dataset, "withdrawnIndex") is not None
    if is_withdrawn:
        st.markdown("**This dataset is withdrawn**")
        show(line("No new use of it is allowed. ", _EFFECT))
    else:
        st.markdown("**If this dataset were withdrawn now**")
        show(line("No new use of it would be allowed from then on. ", _EFFECT))
    show_reach(read(f"/v1/datasets/{name}/impact"))
    show_done(place)
    sign_here(place)
    if is_withdrawn or is_signing(place):
        return
    with (
        st.expander("Withdraw it", icon=":material/delete:"),
        st.form(f"form-{place}", border=False),
    ):
        reason = st.text_area("Why (only those entitled can read it)", help=hint("sealed"))
        if st.form_submit_button("Review and sign", type="primary"):
            begin(place, drafts.withdraw_dataset(name, reason=reason.strip() or None))
            st.rerun()
