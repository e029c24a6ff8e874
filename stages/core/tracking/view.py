"""The view of the runs that `make ui` opens: the best first, the numbers to compare by, the losses in one chart.

MLflow keeps a shared view in a tag of the experiment, as JSON; `viewStateShareKey` in the address names it. A column or
a chart that a release of MLflow does not know is left out.
"""

import json
from typing import Any

KEY = "best"
TAG = f"mlflow.sharedViewState.{KEY}"
COLUMNS = {"held_out_bits_per_char": 185, "bits_beside_ngram": 150, "gap_bits_per_char": 150, "best_epoch": 100}
NAME, MODELS = "attributes.`Run Name`", "attributes.`Models`"
NAME_WIDTH = 330  # pixels, as the numbers above
SECTION = "Model metrics"  # MLflow's name for metrics without a slash in theirs


def shared_view() -> str:
    """Return the content of the tag."""
    columns = {f"metrics.`{name}`": width for name, width in COLUMNS.items()}
    best = next(iter(columns))
    view: dict[str, Any] = {
        "searchFilter": "tags.kind = 'training'",  # each has its samplings on its own page
        "orderByKey": best,
        "orderByAsc": True,
        "selectedColumns": [*columns, MODELS],
        "columnOrder": [NAME, *columns, MODELS],
        "columnWidths": {NAME: NAME_WIDTH} | columns,
        # new sections come after this one, new charts after those of the section
        "isAccordionReordered": True,
        "compareRunSections": [{"uuid": "main", "name": SECTION, "display": True, "isReordered": True, "columns": 1}],
        "compareRunCharts": _charts(),
    }
    return json.dumps(view)


def _charts() -> list[dict[str, Any]]:
    """Return one chart of both losses by epoch; MLflow's own chart of the first would only repeat it."""
    names = ["val_loss_nats_per_char", "loss_nats_per_char"]
    line = {"type": "LINE", "metricSectionId": "main", "xAxisKey": "step", "runsCountToCompare": 10}
    return [
        line | {"uuid": "losses", "metricKey": names[0], "selectedMetricKeys": names},
        line | {"uuid": "repeated", "metricKey": names[1], "isGenerated": True, "deleted": True},
    ]
