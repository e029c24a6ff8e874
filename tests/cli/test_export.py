"""`zarathustra export` on a folder of weights."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.cli import main
from stages.core.pipeline.errors import UserError
from tests.support.keras_networks import probabilities
from tests.support.networks import description, random_network, write_model
from tests.support.project import environment

NETWORK = random_network(description(kind="gru", characters="\n\x1babc"))
READER = """
import json, sys
sys.modules["stages"] = None
import keras, numpy as np
characters = json.load(open(sys.argv[1] + ".json", encoding="utf-8"))["tokenizer"]["characters"]
ids = [characters.index(character) for character in "abcab\\n"]
print(json.dumps(keras.saving.load_model(sys.argv[1]).predict(np.array([ids]), verbose=0).tolist()))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing but the weights of two epochs."""
    write_model(tmp_path / "models", NETWORK, epoch=1)
    write_model(tmp_path / "models", random_network(NETWORK.description, seed=1), epoch=2)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["zarathustra", "export", *arguments])
    main.run()


def test_file_and_tokens_are_enough_for_the_same_probabilities(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, "out/n.keras", "--epoch", "1")
    command = [sys.executable, "-W", "ignore", "-c", READER, "out/n.keras"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ids = NETWORK.tokenizer.encode("abcab\n")[None]
    np.testing.assert_allclose(json.loads(done.stdout), probabilities(NETWORK, ids)[:, -1], atol=1e-5)
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["n.keras", "n.keras.json"]


def test_it_says_what_was_written_and_how_to_call_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export(monkeypatch, "n.keras", "--epoch", "latest")
    assert capsys.readouterr().out == (
        "n.keras: gru after epoch 2. Give it the last 6 ids (B, 6); it returns (B, 5), probabilities of the next "
        "token.\n"
        "n.keras.json: its tokens.\n"
    )
    beside = json.loads((folder / "n.keras.json").read_text(encoding="utf-8"))
    assert (beside["epoch"], beside["window_length"], beside["tokenizer"]["characters"]) == (2, 6, "\n\x1babc")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["n.h5"], "FILE must end with .keras: Keras knows the format by it. Received: 'n.h5'."),
        (["."], "FILE must end with .keras: Keras knows the format by it. Received: '.'."),
        (["n.keras", "--epoch", "3"], "--epoch must be one of 1 to 2, best or latest. Received: 3."),
        (["n.keras", "--epoch", "last"], "--epoch must be best, latest or an integer >= 1. Received: 'last'."),
        (["n.keras", "--models", "none"], "none/epochs: no weights yet. Run `dvc repro` first."),
    ],
)
def test_a_wrong_argument_is_one_message_and_nothing_is_written(
    arguments: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["zarathustra", "export", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == f"Error: {message}"
    assert [path.name for path in folder.iterdir()] == ["models"]


def test_a_folder_is_not_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "n.keras").mkdir()
    with pytest.raises(UserError, match=r"^FILE must be a file, .* Received: 'n\.keras', a folder\.$"):
        export(monkeypatch, "n.keras")
    assert sorted(path.name for path in folder.iterdir()) == ["models", "n.keras"]


def test_damaged_weights_leave_the_file_that_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, "n.keras", "--epoch", "1")
    before = (folder / "n.keras").read_bytes()
    (folder / "models/epochs/001.weights.h5").write_bytes(b"damaged")
    monkeypatch.setattr(sys, "argv", ["zarathustra", "export", "n.keras", "--epoch", "1"])
    with pytest.raises(SystemExit, match="not a readable file of weights of this network"):
        main.main()
    assert (folder / "n.keras").read_bytes() == before


def test_weights_come_from_one_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        export(monkeypatch, "n.keras", "--models", "other", "--run", "r")
    assert "argument --run: not allowed with argument --models" in capsys.readouterr().err
