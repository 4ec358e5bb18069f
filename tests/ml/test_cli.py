import subprocess
import sys

import pytest

from ml.cli import main
from ml.commands import about


def test_nothing_of_keras_is_loaded_until_a_model_is():
    code = "import sys, ml.cli, ml.pixels, ml.registry, ml.evaluate; ml.registry.available(); "
    code += "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["evaluate", "--data", "nowhere"], "nowhere is not a folder"),
        (["evaluate", "--data", ".", "--model", "nonsense"], "no model nonsense"),
        (["evaluate", "--data", ".", "--model", "gone.json"], "no model card at gone.json"),
        (["predict", "nowhere.jpeg"], "no file nowhere.jpeg"),
        (["train", "mobilenetv2", "--data", ".", "--out", "run", "--about", "gone.json"], "gone.json cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_one(command, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_architecture_lists_the_known(capsys):
    with pytest.raises(SystemExit):
        main(["train", "vgg99", "--data", ".", "--out", "."])
    assert "mobilenetv2" in capsys.readouterr().err


def test_without_an_age_range_the_card_says_so(capsys, tmp_path):
    assert about.read(None, "films")["age_range"] is None
    assert "no patient counts as outside it" in capsys.readouterr().out
    (tmp_path / "about.json").write_text('{"age_range": [1, 5]}')
    assert about.read(tmp_path / "about.json", "films")["age_range"] == [1, 5]
    assert capsys.readouterr().out == ""
