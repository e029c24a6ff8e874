"""The page of the study of the collapse: when the loss of each training leaves its best by far, and where it ends."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.cli.sweep_grid import Overrides
from stages.cli.sweep_runner import fetch
from stages.core.networks.folder import ModelFolder
from stages.core.pipeline.files import write_json, write_text
from stages.core.report.figures import curves_figure, save_figure
from stages.core.tables.history import HistoryRow, read_history_rows

REPORTS = Path("reports")
MARGIN_NATS = 0.25  # above the best loss so far, as divergence_margin_nats of params.yaml


def write(study: str, points: Mapping[str, Overrides], done: Mapping[str, str]) -> Path:
    """Write reports/STUDY.json, .svg and .md; return the last.

    Args:
        study: its name.
        points: the settings of all its experiments, by name.
        done: the commits of those that have run.
    """
    rows = []
    for name, revision in done.items():
        with tempfile.TemporaryDirectory() as folder:
            history = read_history_rows(fetch(name, revision, "reports/history.csv", Path(folder)))
            fetch(name, revision, "models/network.json", Path(folder))
            fingerprint = ModelFolder(Path(folder)).description().fingerprint
        rows.append(
            {"experiment": name, "settings": list(points[name]), "fingerprint": fingerprint} | collapse(history)
        )
    write_json(REPORTS / f"{study}.json", {"margin_nats": MARGIN_NATS, "experiments": rows})
    curves = {row["experiment"]: row["losses"] for row in rows}
    save_figure(curves_figure(curves), REPORTS / f"{study}.svg")
    page = REPORTS / f"{study}.md"
    write_text(page, markdown(study, rows))
    return page


def collapse(history: list[HistoryRow]) -> dict[str, Any]:
    """Return when a training left its best loss by more than the margin, how far it went, and where it ended.

    >>> rows = [HistoryRow(epoch=i, loss_nats_per_char=1.0, val_loss_nats_per_char=loss, val_bits_per_char=0.0,
    ...     learning_rate=0.01, num_rollbacks=0) for i, loss in enumerate([1.5, 1.4, 1.7, 3.0, 1.6], 1)]
    >>> {key: value for key, value in collapse(rows).items() if key != "losses"}
    {'best': 1.4, 'best_epoch': 2, 'first_epoch_beyond': 3, 'num_epochs_beyond': 2, 'worst': 3.0, 'last': 1.6}
    """
    best, best_epoch, beyond = math.inf, None, []
    for row in history:
        loss = row.val_loss_nats_per_char
        if not loss <= best + MARGIN_NATS:  # NaN counts
            beyond.append(row.epoch)
        if loss < best:
            best, best_epoch = loss, row.epoch
    losses = [row.val_loss_nats_per_char for row in history]
    return {
        "best": best,
        "best_epoch": best_epoch,
        "first_epoch_beyond": beyond[0] if beyond else None,
        "num_epochs_beyond": len(beyond),
        "worst": max(losses, key=lambda loss: math.inf if math.isnan(loss) else loss),
        "last": losses[-1],
        "losses": losses,
    }


def markdown(study: str, rows: list[dict[str, Any]]) -> str:
    """Return the page."""
    lines = ["| training | settings | best loss | at epoch | first epoch beyond | epochs beyond | worst | last |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    lines += [
        f"| {row['experiment']} | `{' '.join(row['settings'])}` | {row['best']:.3f} | {row['best_epoch'] or 'none'} "
        f"| {row['first_epoch_beyond'] or 'none'} | {row['num_epochs_beyond']} "
        f"| {row['worst']:.3f} | {row['last']:.3f} |"
        for row in rows
    ]
    gone = [row for row in rows if row["first_epoch_beyond"]]
    epochs = [row["first_epoch_beyond"] for row in gone]
    when = f", first at epoch {min(epochs)}, at the latest at epoch {max(epochs)}" if gone else ""
    patch = f"{study}.patch"
    changed = f", and the code is changed by [a patch]({patch})" if (REPORTS / patch).exists() else ""
    others = [path.name for path in sorted(REPORTS.glob("collapse*.md")) if path.stem != study]
    back = sum(row["last"] <= row["best"] + MARGIN_NATS for row in gone)
    sentences = (
        f"The guard against divergence is off{changed}. In {len(gone)} of {len(rows)} trainings the validation "
        f"loss rises more than {MARGIN_NATS} nats above the best so far{when}. "
        + (f"{back} of these end within that margin again." if gone else "None of them collapses.")
    )
    return (
        "\n\n".join(
            [
                "# The collapse",
                sentences,
                f"![Validation loss by epoch]({study}.svg)",
                "\n".join(lines),
                f"Losses in nats per held-out character. `zarathustra study {study}` makes this page."
                + "".join(f" See also [{name}]({name})." for name in others),
            ]
        )
        + "\n"
    )
