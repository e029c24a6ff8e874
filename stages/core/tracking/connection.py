"""The connection of a stage or command to the store, for as long as the store can be reached."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from stages.core.tracking.failures import explained
from stages.core.tracking.store import MlflowClient, experiment_id, keep_view, open_store

TRACKING = "ZARATHUSTRA_TRACKING"  # "off": nothing is logged; `reproduce` repeats what is logged already
logger = logging.getLogger(__name__)


class Connection:
    """Opens the store when it is first needed. A store that fails never stops the work of a stage."""

    def __init__(self, *, required: bool = False) -> None:
        """Connect to nothing yet.

        Args:
            required: a store that fails is an error, because without it there is nothing to do.
        """
        self.required = required
        self.is_lost = os.environ.get(TRACKING) == "off"
        self._client: MlflowClient | None = None
        self._experiment_id = ""

    @property
    def client(self) -> MlflowClient:
        """The client of the store."""
        if self.is_lost:
            raise ConnectionError("the store was lost before")
        if self._client is None:
            client = open_store()
            self._experiment_id = experiment_id(client)
            keep_view(client, self._experiment_id)
            self._client = client
        return self._client

    @property
    def experiment_id(self) -> str:
        """The experiment that runs are logged to."""
        assert self.client is not None
        return self._experiment_id

    @contextmanager
    def tolerate_errors(self) -> Iterator[None]:
        """Let the work go on when the store fails; say so once.

        Raises:
            UserError: the store fails and is required.
        """
        try:
            yield
        except Exception as error:
            problem = explained(error)
            if self.required:
                raise problem from error
            if not self.is_lost:
                logger.warning("%s The work goes on; `zarathustra sync` logs it afterwards.", problem)
            self.is_lost = True
