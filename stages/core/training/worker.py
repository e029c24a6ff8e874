"""Train as a worker that is not the first.

    python -m stages.core.training.worker data/windows

Reads section train of params.yaml and TF_CONFIG; writes nothing. `python -m stages.train` is the first worker.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from stages.core.pipeline import errors, params, stage
from stages.core.pipeline.params import TrainParams
from stages.core.pipeline.progress import set_up_logging
from stages.core.text.windows import read_windows


def main() -> None:
    """Train in step with the first worker."""
    parser = stage.parser(__doc__)
    parser.add_argument("windows", type=Path, help="folder of data/windows")
    parser.add_argument("--until-input-ends", action="store_true", help="end when standard input does")
    arguments = parser.parse_args()
    if arguments.until_input_ends:
        # Ctrl-C reaches both: the first one ends the training, after the step that it is in
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_with_input, daemon=True).start()
    train = params.load(TrainParams)
    data = read_windows(arguments.windows)
    from stages.core.training.fingerprint import resumable_fingerprint
    from stages.core.training.keras.build import choose_backend
    from stages.core.training.sharded_trainer import ShardedTrainer
    from stages.core.training.workers import ConnectedWorkers

    backend = choose_backend(train.lstm_backend)
    fingerprint = resumable_fingerprint(train, arguments.windows, data.tokenizer.kind, backend)
    ShardedTrainer(train, data, fingerprint, ConnectedWorkers()).train(lambda row, seconds: None)


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    set_up_logging()
    errors.run(main)
