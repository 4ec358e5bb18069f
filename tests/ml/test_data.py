import re
import shutil

import numpy as np
import pytest

from ml import data, listing
from tests.ml.drawing import jpeg, ramp


@pytest.fixture
def folder(tmp_path):
    """Thirty films of each class; each patient has two."""
    for name, pattern in (("NORMAL", "IM-{:04}-{:04}.jpeg"), ("PNEUMONIA", "person{}_bacteria_{}.jpeg")):
        (tmp_path / name).mkdir()
        for i in range(30):
            film = np.clip(ramp(130, 130).astype(int) + 3 * i + 5 * (name == "NORMAL"), 0, 255)
            (tmp_path / name / pattern.format(i // 2, i)).write_bytes(jpeg(film.astype(np.uint8)))
    return tmp_path


def test_class_folders_give_films_with_label_patient_and_hash(folder):
    samples = data.load(folder)
    assert sorted(s.label for s in samples) == [0] * 30 + [1] * 30
    assert len({s.patient for s in samples}) == 30
    assert all(len(s.sha256) == 64 for s in samples)


def test_a_manifest_chooses_the_films(folder):
    rows = ["path,label", "NORMAL/IM-0000-0000.jpeg,NORMAL", "PNEUMONIA/person0_bacteria_0.jpeg,PNEUMONIA"]
    (folder / "manifest.csv").write_text("\n".join(rows))
    assert len(data.load(folder)) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [("a,b\n1,2", "columns path and label"), ("path,label\nNORMAL/none.jpeg,NORMAL", "not there"), ("", "columns")],
)
def test_a_broken_manifest_is_named(folder, content, says):
    (folder / "manifest.csv").write_text(content)
    with pytest.raises(data.DataError, match=says):
        data.load(folder)


def test_a_missing_folder_and_an_empty_class_are_named(folder):
    with pytest.raises(data.DataError, match="not a folder"):
        data.load(folder / "nowhere")
    shutil.rmtree(folder / "NORMAL")
    with pytest.raises(data.DataError, match="no film of class NORMAL"):
        data.load(folder)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("person12_virus_33.jpeg", "person-12"),
        ("person12_bacteria_4.jpeg", "person-12"),
        ("IM-0115-0001.jpeg", "IM-115"),
        ("NORMAL2-IM-0115-0001-0002.jpeg", "IM-115"),
        ("film7.png", None),
    ],
)
def test_the_patient_is_the_person_or_im_number(name, key):
    assert data.patient_key(name) == key


def test_a_pattern_goes_before_the_known_names_and_leaves_them_where_it_finds_nothing():
    pattern = re.compile(r"^case(\d+)")
    assert data.patient_key("case7_person3_virus_1.jpeg", pattern) == "7"
    assert data.patient_key("person3_virus_1.jpeg", pattern) == "person-3"


def test_a_patient_is_never_on_both_sides(folder):
    training, validation = data.split(data.load(folder), 0.2, seed=1)
    assert not {s.patient for s in training} & {s.patient for s in validation}
    assert len(training) + len(validation) == 60
    assert {s.label for s in validation} == {0, 1}


def test_a_split_is_the_same_for_a_seed(folder):
    samples = data.load(folder)
    assert data.split(samples, 0.2, seed=1) == data.split(samples, 0.2, seed=1)
    assert data.split(samples, 0.2, seed=1) != data.split(samples, 0.2, seed=2)


def test_exact_duplicates_join_their_patients_through_a_chain(folder):
    films = folder / "PNEUMONIA"
    shutil.copy(films / "person0_bacteria_0.jpeg", films / "person1_bacteria_90.jpeg")
    shutil.copy(films / "person1_bacteria_2.jpeg", films / "person2_bacteria_91.jpeg")
    keys = {s.patient for s in data.load(folder) if s.path.name.startswith(("person0_", "person1_", "person2_"))}
    assert len(keys) == 1


def test_too_few_patients_for_a_split_are_named(folder):
    samples = [s for s in data.load(folder) if s.patient in ("IM-0", "person-0")]
    with pytest.raises(data.DataError, match="Too few patients"):
        data.split(samples, 0.2, seed=1)


def test_excluding_a_film_excludes_its_patient(folder):
    left = data.without_patients_of(data.load(folder), {"person3_virus_999.jpeg"})
    assert len(left) == 58
    assert "person-3" not in {s.patient for s in left}


def test_the_manifest_hash_depends_on_films_and_labels_and_on_nothing_else(folder):
    samples = data.load(folder)
    assert data.manifest_hash(samples) == data.manifest_hash(samples[::-1])
    assert data.manifest_hash(samples) != data.manifest_hash(samples[1:])


def test_a_corrupt_film_is_named_and_left_out(folder):
    (folder / "NORMAL" / "IM-0000-0000.jpeg").write_bytes(b"\xff\xd8\xff")
    tensors, kept, unreadable = data.render(data.load(folder), side=32)
    assert tensors.shape == (59, 32, 32)
    assert len(kept) == 59
    assert unreadable == ["IM-0000-0000.jpeg: The file starts like a picture, but its header is damaged."]


def test_files_that_are_no_films_of_a_class_are_told_of(tmp_path):
    for folder in ("NORMAL", "PNEUMONIA", "COVID", "NORMAL/masks"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "person1_virus_1.jpeg").write_bytes(b"film")
    (tmp_path / "NORMAL" / "person2.bmp").write_bytes(b"film")
    (tmp_path / "NORMAL" / ".DS_Store").write_bytes(b"hidden")
    assert listing.passed_by(tmp_path) == (
        f"3 of 5 files under {tmp_path} were not taken (folders that name no class: COVID; other suffixes: .bmp)."
    )
    (tmp_path / "NORMAL" / "person2.bmp").unlink()
    shutil.rmtree(tmp_path / "COVID")
    shutil.rmtree(tmp_path / "NORMAL" / "masks")
    assert listing.passed_by(tmp_path) is None


@pytest.mark.parametrize("name", ["person1", "person1.dicom", "person1.1.2.840.10008"])
def test_dicom_files_under_any_name_are_films(tmp_path, name):
    (tmp_path / "NORMAL").mkdir()
    (tmp_path / "NORMAL" / name).write_bytes(b"film")
    assert [film.path.name for film in listing.films(tmp_path)] == [name]


def test_rows_of_a_manifest_without_a_path_are_told_of(folder):
    (folder / "manifest.csv").write_text("path,label\nNORMAL/IM-0000-0000.jpeg,NORMAL\n,NORMAL\n")
    assert listing.passed_by(folder) == f"1 of 2 rows of {folder / 'manifest.csv'} have no path and were not taken."


def test_one_film_in_both_classes_is_refused_and_both_are_named(folder):
    shutil.copy(folder / "NORMAL" / "IM-0000-0000.jpeg", folder / "PNEUMONIA" / "person1_virus_99.jpeg")
    with pytest.raises(data.DataError, match=r"IM-0000-0000\.jpeg and .*person1_virus_99\.jpeg are the same film"):
        data.load(folder)


def test_a_row_that_a_manifest_repeats_counts_once(folder):
    rows = ["path,label", *["NORMAL/IM-0000-0000.jpeg,NORMAL"] * 2, "PNEUMONIA/person0_bacteria_0.jpeg,PNEUMONIA"]
    (folder / "manifest.csv").write_text("\n".join([*rows, "NORMAL/../NORMAL/IM-0000-0000.jpeg,NORMAL"]))
    assert len(data.load(folder)) == 2


def test_a_manifest_may_name_films_of_another_folder(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere")
    rows = [f"{path},{path.parent.name}" for path in sorted(folder.rglob("*.jpeg"))]
    (other / "manifest.csv").write_text("\n".join(["path,label", *rows]))
    assert len(data.load(other, patient_pattern="^(nobody)", require_patients=False)) == 60
    shutil.copy(folder / "NORMAL" / "IM-0000-0000.jpeg", folder / "NORMAL" / "film.jpeg")
    (other / "manifest.csv").write_text("\n".join(["path,label", f"{folder / 'NORMAL' / 'film.jpeg'},NORMAL", *rows]))
    assert not all(sample.keyed for sample in data.load(other, require_patients=False))


@pytest.fixture
def others(tmp_path_factory):
    return tmp_path_factory.mktemp("others")


def test_excluding_a_folder_goes_by_content_too(folder, others):
    shutil.copy(folder / "NORMAL" / "IM-0000-0000.jpeg", others / "renamed.png")
    assert len(data.without_patients_in(data.load(folder), others)) == 58


def test_excluding_a_folder_goes_by_the_patients_of_its_manifest(folder, others):
    rows = [f"{path.relative_to(folder)},{path.parent.name},p{i // 4}" for i, path in enumerate(folder.rglob("*.jpeg"))]
    (folder / "manifest.csv").write_text("\n".join(["path,label,patient", *rows]))
    (others / "manifest.csv").write_text("path,label,patient\na.png,NORMAL,p3\n")
    assert len(data.without_patients_in(data.load(folder), others)) == 56


def test_excluding_nobody_is_refused(folder, others):
    with pytest.raises(data.DataError, match="no film of any patient"):
        data.without_patients_in(data.load(folder), others)
    with pytest.raises(data.DataError, match="not a folder"):
        data.without_patients_in(data.load(folder), others / "mistyped")
