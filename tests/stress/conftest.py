"""What several of the long tests need."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A Ray cluster of two nodes, each with a processor, on this machine."""
    pytest.importorskip("ray", reason="Ray is not installed: make scale")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.add_node(num_cpus=1)
    yield made
    made.shutdown()
