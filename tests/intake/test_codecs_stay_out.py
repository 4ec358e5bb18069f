"""The codecs are large libraries in C and C++, with a history: the process that decodes DICOM alone loads them."""

import subprocess
import sys

import pytest

CODECS = {"gdcm", "openjpeg", "jpeg_ls", "pydicom"}
PROCESSES = {
    "portal": "import webportal.wsgi, webportal.urls, webportal.sending",
    "workers": "import workers.celery, django; django.setup(); import workers.tasks, workers.engine, workers.decoding",
    "what reads renditions": "import ml.preprocess, ml.pixels",
}


def loaded(code):
    asked = f"{code}\nimport sys\nprint(*({CODECS} & set(sys.modules)))"
    return set(subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_that_decodes_no_dicom_loads_no_codec(process):
    assert not loaded(PROCESSES[process]) & CODECS


def test_the_process_that_decodes_loads_them_before_its_first_file():
    assert loaded("import ml.pixels.dicom") == CODECS
