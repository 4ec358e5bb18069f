"""How names are written on the pages."""

import pytest

from webportal.templatetags.firstread import person_name


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("", ""),
        ("Doe", "Doe"),
        ("DOE^JANE", "DOE, JANE"),
        ("Doe^Jane^Ann^Dr", "Doe, Jane Ann Dr"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou (山田 太郎)"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田 太郎)"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "Hong, Gildong (洪 吉洞)"),
        ("=山田^太郎", "山田, 太郎"),
        ("^^=^", ""),
    ],
)
def test_a_dicom_name_is_written_as_people_write_it_in_each_of_its_scripts(stored, shown):
    assert person_name(stored) == shown
