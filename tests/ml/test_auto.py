import pytest

from ml.runtime import auto


@pytest.mark.parametrize(
    ("gpu", "seen", "installed", "chosen"),
    [
        (True, True, True, "tensorflow"),
        (True, False, True, "openvino"),
        (False, False, True, "openvino"),
        (False, False, False, "tensorflow"),
    ],
)
def test_the_runtime_follows_the_machine(monkeypatch, gpu, seen, installed, chosen):
    monkeypatch.setattr(auto, "_has_gpu", lambda: gpu)
    monkeypatch.setattr(auto, "_tensorflow_sees_it", lambda: seen)
    monkeypatch.setattr(auto, "find_spec", lambda name: installed or None)
    name, reason = auto.choose()
    assert name == chosen
    assert reason
