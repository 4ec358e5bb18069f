"""Class folders and manifests as people have them."""

import pytest

from ml import data

DATABASE = ("Lung_Opacity", "Normal", "Viral Pneumonia")


def write(folder, *paths):
    for i, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(f"{path} {i}".encode())


def manifest(folder, *rows):
    for row in rows[1:]:
        write(folder, row.split(",")[0])
    (folder / "manifest.csv").write_text("\n".join(rows))


def found(folder, classes=2, **options):
    return {s.path.name: (s.label, s.subtype) for s in data.load(folder, classes, **options)}


def test_class_folders_are_known_in_any_case(tmp_path):
    write(tmp_path, "normal/IM-0001.jpeg", "Pneumonia/deep/person1_x.PNG")
    assert found(tmp_path) == {"IM-0001.jpeg": (0, 0), "person1_x.PNG": (1, None)}


def test_folders_of_the_radiography_database_are_three_classes_and_its_masks_no_films(tmp_path):
    for i, name in enumerate(DATABASE):
        write(tmp_path, f"{name}/images/{name}-{i}.png", f"{name}/masks/{name}-{i}.png")
    write(tmp_path, "COVID/images/COVID-1.png")
    expected = {"Lung_Opacity-0.png": (1, 1), "Normal-1.png": (0, 0), "Viral Pneumonia-2.png": (1, 2)}
    assert found(tmp_path, 3, patient_pattern=r"-(\d+)") == expected
    assert found(tmp_path, 2, patient_pattern=r"-(\d+)") == expected


@pytest.mark.parametrize("folders", [("NORMAL", "BACTERIAL", "VIRAL"), ("normal", "bacteria", "virus")])
def test_folders_by_cause_are_three_classes(tmp_path, folders):
    write(tmp_path, *(f"{name}/person{i}.jpeg" for i, name in enumerate(folders)))
    assert found(tmp_path, 3) == {"person0.jpeg": (0, 0), "person1.jpeg": (1, 1), "person2.jpeg": (1, 2)}


def test_names_of_files_say_the_cause_where_the_folder_does_not(tmp_path):
    write(tmp_path, "NORMAL/IM-1.jpeg", "PNEUMONIA/person1_bacteria_1.jpeg", "PNEUMONIA/person1_virus_2.jpeg")
    samples = data.load(tmp_path, 3)
    assert [s.subtype for s in samples] == [0, 1, 2]
    assert samples[1].patient == samples[2].patient


def test_a_pneumonia_of_unknown_cause_is_refused_for_three_classes_alone(tmp_path):
    write(tmp_path, "NORMAL/IM-1.jpeg", "PNEUMONIA/person1.jpeg", "PNEUMONIA/person2_virus_2.jpeg")
    assert len(data.load(tmp_path)) == 3
    with pytest.raises(data.DataError, match=r"1 films .* person1\.jpeg first.*subtype.*--classes 2"):
        data.load(tmp_path, 3)


def test_an_empty_class_of_three_is_named(tmp_path):
    write(tmp_path, "NORMAL/IM-1.jpeg", "VIRAL/person1.jpeg")
    (tmp_path / "BACTERIAL").mkdir()
    with pytest.raises(data.DataError, match="no film of class BACTERIAL"):
        data.load(tmp_path, 3)


def test_a_manifest_gives_label_subtype_and_patient(tmp_path):
    manifest(
        tmp_path,
        "path,label,subtype,patient,seen_ai",
        "a.png,normal,,p1,0",
        "b.png,Pneumonia,bacteria,p2,1",
        "c.png,VIRAL,,p2,",
    )
    samples = data.load(tmp_path, 3)
    assert [(s.label, s.subtype) for s in samples] == [(0, 0), (1, 1), (1, 2)]
    assert samples[1].patient == samples[2].patient != samples[0].patient


def test_the_manifests_patient_goes_before_the_name(tmp_path):
    manifest(tmp_path, "path,label,patient", "person1_a.png,NORMAL,one", "person1_b.png,PNEUMONIA,two")
    assert len({s.patient for s in data.load(tmp_path)}) == 2


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["path,label", "IM-1.png,maybe"], "label 'maybe' for IM-1.png; known are NORMAL, PNEUMONIA, BACTERIAL"),
        (["path,label,subtype", "IM-1.png,PNEUMONIA,fungal"], "subtype 'fungal'"),
        (["path,label,subtype", "IM-1.png,NORMAL,virus"], "labelled NORMAL, yet its subtype is virus"),
        (["path;label", "IM-1.png;NORMAL"], "separated by commas"),
    ],
)
def test_an_unknown_or_contradictory_manifest_is_a_sentence(tmp_path, rows, says):
    manifest(tmp_path, *rows)
    with pytest.raises(data.DataError, match=says):
        data.load(tmp_path)


def test_a_manifest_that_is_no_text_is_a_sentence(tmp_path):
    (tmp_path / "manifest.csv").write_bytes(b"path,label\n\xff\xfe,NORMAL")
    with pytest.raises(data.DataError, match="cannot be read as CSV"):
        data.load(tmp_path)


def test_films_of_nobody_are_refused_for_training(tmp_path):
    write(tmp_path, "NORMAL/a.png", "NORMAL/IM-1.png", "PNEUMONIA/b.png")
    with pytest.raises(data.DataError, match=r"2 films .* a\.png first.* column patient, or --patient-pattern"):
        data.load(tmp_path)


def test_a_pattern_that_leaves_a_film_out_is_refused_too(tmp_path):
    write(tmp_path, "NORMAL/x1_a.png", "PNEUMONIA/x2_a.png", "PNEUMONIA/y.png")
    with pytest.raises(data.DataError, match=r"1 films .* y\.png"):
        data.load(tmp_path, patient_pattern=r"^x(\d+)_")


@pytest.mark.parametrize(("pattern", "says"), [("(", "not a regular expression"), (r"\d+", "has no group")])
def test_a_broken_pattern_is_a_sentence(tmp_path, pattern, says):
    write(tmp_path, "NORMAL/IM-1.png", "PNEUMONIA/IM-2.png")
    with pytest.raises(data.DataError, match=says):
        data.load(tmp_path, patient_pattern=pattern)


def test_an_evaluation_takes_each_film_of_nobody_for_a_patient_and_says_so(tmp_path):
    write(tmp_path, "NORMAL/a.png", "PNEUMONIA/deep/a.png", "PNEUMONIA/person1_virus_1.png")
    samples = data.load(tmp_path, require_patients=False)
    assert len({s.patient for s in samples}) == 3
    assert [s.keyed for s in samples] == [False, False, True]
    assert "2 of 3 films carry no patient key" in data.note(samples)


def test_films_with_patients_need_no_note(tmp_path):
    write(tmp_path, "NORMAL/NORMAL2-IM-0007-0001.jpeg", "PNEUMONIA/person1_virus_6.jpeg")
    assert data.note(data.load(tmp_path, require_patients=False)) is None


def test_a_split_without_one_of_three_classes_is_refused(tmp_path):
    write(tmp_path, *(f"NORMAL/IM-{i}.jpeg" for i in range(10)), *(f"BACTERIAL/person{i}.jpeg" for i in range(10)))
    write(tmp_path, "VIRAL/person99.jpeg")
    with pytest.raises(data.DataError, match=r"Too few patients for a split.*NORMAL and BACTERIAL and VIRAL"):
        data.split(data.load(tmp_path, 3), 0.2, seed=1, classes=3)


def test_two_and_three_classes_are_judged_on_the_same_patients(tmp_path):
    write(tmp_path, *(f"NORMAL/IM-{i}.jpeg" for i in range(20)), *(f"BACTERIAL/person{i}.jpeg" for i in range(20)))
    write(tmp_path, *(f"VIRAL/person{i}.jpeg" for i in range(10, 40)))
    two, three = (data.split(data.load(tmp_path, classes), 0.3, 1, classes) for classes in (2, 3))
    assert two == three


def test_excluding_goes_by_the_pattern_and_by_the_name(tmp_path):
    write(tmp_path, "NORMAL/x1_a.png", "NORMAL/x1_b.png", "PNEUMONIA/x2_a.png", "PNEUMONIA/x3_a.png")
    samples = data.load(tmp_path, patient_pattern=r"^x(\d+)_")
    left = data.without_patients_of(samples, {"x1_z.png", "x2_a.png"}, r"^x(\d+)_")
    assert [s.path.name for s in left] == ["x3_a.png"]
