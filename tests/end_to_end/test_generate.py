"""`zarathustra generate` on a small trained network."""

import math
from pathlib import Path

import pytest

from stages.cli.weights_source import Source
from stages.core.networks.folder import ModelFolder
from stages.core.tables.history import NATS_TO_BITS, HistoryRow, history_csv
from tests.support.project import Project, Zarathustra

PROMPT = "ada climbs down every hill"
TEMPERATURE = "--temperature must be a number >= 0 (0 is greedy, inf is uniform)."
LONG = "The network sees the last 10 characters of the prompt.\n"


def test_same_seed_same_text_other_seed_other_text(zarathustra: Zarathustra) -> None:
    first, again, other = (
        zarathustra("generate", "--prompt", PROMPT, "--seed", seed, "--length", "50") for seed in "112"
    )
    assert first == again != other
    assert first.startswith(LONG + PROMPT)
    assert len(first) == len(LONG + PROMPT) + 50 + 1


def test_without_a_seed_another_text_each_time(zarathustra: Zarathustra) -> None:
    assert zarathustra("generate", "--length", "60") != zarathustra("generate", "--length", "60")


def test_greedy_is_temperature_zero_and_needs_no_seed(zarathustra: Zarathustra) -> None:
    greedy = zarathustra("generate", "--prompt", PROMPT, "--greedy")
    assert greedy == zarathustra("generate", "--prompt", PROMPT, "--temperature", "0", "--seed", "5")
    assert greedy == zarathustra("generate", "--prompt", PROMPT, "--top-k", "1")
    assert greedy == zarathustra("generate", "--prompt", PROMPT, "--top-p", "1e-9", "-t", "2")


def test_epochs_by_number_and_by_name(zarathustra: Zarathustra) -> None:
    options = ("generate", "--prompt", PROMPT, "--seed", "1", "--temperature", "1")
    one, two, best, latest = (zarathustra(*options, "--epoch", epoch) for epoch in ("1", "2", "best", "latest"))
    assert one != two
    assert two == best == latest


def test_it_stops_after_the_text_to_stop_at(zarathustra: Zarathustra) -> None:
    whole = zarathustra("generate", "--seed", "3", "--length", "100")
    stop = whole[20:22]
    stopped = zarathustra("generate", "--seed", "3", "--length", "100", "--stop", stop)
    assert stopped == whole[: whole.index(stop) + 2] + "\n"


def test_upper_case_and_short_prompts_are_mended_and_said(zarathustra: Zarathustra) -> None:
    printed = zarathustra("generate", "--prompt", "ADA", "--length", "5", "--seed", "0")
    assert printed.splitlines()[:2] == [
        "The corpus is in lower case, and so is the prompt now.",
        "The prompt has fewer than the 10 characters that the network was trained on.",
    ]
    assert printed.splitlines()[2].startswith("ada")


def test_models_folder_alone_is_enough(finished: Project, zarathustra: Zarathustra) -> None:
    elsewhere = finished.path.with_name("elsewhere") / "models"
    elsewhere.parent.mkdir()
    (finished.path / "models").rename(elsewhere)
    try:
        printed = zarathustra("generate", "--models", str(elsewhere), "--greedy", "--length", "5")
    finally:
        elsewhere.rename(finished.path / "models")
    history = elsewhere.parent / "reports" / "history.csv"
    assert printed.startswith(f"No losses of these epochs in {history}: the latest instead of the best.\n")


def test_an_epoch_without_a_loss_is_not_the_best(finished: Project, tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    rows = [
        HistoryRow(
            epoch=epoch,
            loss_nats_per_char=1.0,
            val_loss_nats_per_char=loss,
            val_bits_per_char=loss * NATS_TO_BITS,
            learning_rate=0.01,
            num_rollbacks=0,
        )
        for epoch, loss in ((1, math.nan), (2, 1.5))
    ]
    history.write_text(history_csv(rows), encoding="utf-8")
    assert Source(ModelFolder(finished.path / "models"), history).epoch("best") == 2


def test_weights_of_a_run(finished: Project, zarathustra: Zarathustra) -> None:
    (run,) = finished.runs("training")
    options = ("--prompt", PROMPT, "--greedy")
    assert zarathustra("generate", "--run", run.info.run_id[:6], *options) == zarathustra("generate", *options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--prompt", "ça va?"],
            "--prompt must consist of characters of the corpus. "
            "Received: 'ça va?', with '?', 'ç'. Remove or replace them.",
        ),
        (["--temperature", "-1"], f"{TEMPERATURE} Received: '-1'."),
        (
            ["--temperature", "nan"],
            "--temperature must be a number >= 0 (0 is greedy, inf is uniform). Received: 'nan'.",
        ),
        (["--top-p", "0"], "--top-p must be a number > 0 and at most 1. Received: '0'."),
        (["--top-k", "x"], "--top-k must be an integer >= 1. Received: 'x'."),
        (["--length", "-3"], "--length must be an integer from 0 to 10000000. Received: '-3'."),
        (
            ["--length", "99999999999"],
            "--length must be an integer from 0 to 10000000. Received: '99999999999'.",
        ),
        (["--epoch", "0"], "--epoch must be best, latest or an integer >= 1. Received: '0'."),
        (["--epoch", "7"], "--epoch must be one of 1 to 2, best or latest. Received: 7."),
        (["--models", "nowhere"], "nowhere/epochs: no weights yet. Run `dvc repro` first."),
    ],
)
def test_errors_are_one_message(arguments: list[str], message: str, zarathustra: Zarathustra) -> None:
    printed = zarathustra("generate", *arguments, status=1)
    assert printed.startswith(f"Error: {message}")
    assert printed.count("\n") == 1


def test_a_run_that_is_not_there_names_those_that_are(finished: Project, zarathustra: Zarathustra) -> None:
    (training,), (sampling,) = finished.runs("training"), finished.runs("sampling")
    named = ", ".join(f"{run.info.run_name} ({run.info.run_id[:8]})" for run in (training, sampling))
    printed = zarathustra("generate", "--run", "nothing", status=1)
    assert printed == (
        f"Error: 'nothing' names no run in sqlite:///{finished.path / 'mlflow.db'}. Give one of: {named}.\n"
    )


def test_it_starts_without_tensorflow_and_mlflow(finished: Project) -> None:
    program = (
        "import sys; sys.argv = ['zarathustra', 'generate', '--length', '1']; from stages.cli.main import main; main();"
        "print({'tensorflow', 'keras', 'mlflow', 'pandas'} & sys.modules.keys())"
    )
    assert finished.run("python", "-c", program).splitlines()[-1] == "set()"
