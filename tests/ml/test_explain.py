import numpy as np

from ml.explain import heat_map


def test_the_heat_is_where_the_features_speak_for_it():
    features = np.zeros((5, 5, 2), dtype=np.float32)
    features[0, 4, 0], features[4, 0, 1] = 3, 9
    gradients = np.ones((5, 5, 2), dtype=np.float32) * (1, -1)
    heat = heat_map(features, gradients, (100, 200))
    assert (heat.shape, heat.dtype) == ((100, 200), np.uint8)
    assert heat[5, 195] > 200
    assert heat[95, 5] == 0


def test_nothing_to_show_is_no_heat():
    heat = heat_map(np.ones((5, 5, 1), dtype=np.float32), -np.ones((5, 5, 1), dtype=np.float32), (10, 10))
    assert heat.max() == 0
