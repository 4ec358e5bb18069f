"""Agreement: figures against numbers calculated by hand."""

from datetime import timedelta

import pytest
from django.db.models import Q

from ml.intervals import wilson
from screening import agreement, rereading
from screening.models import Read, Site
from tests import factories

LESS_LIKELY = ("less_likely",)
LIKELY = ("likely",)


def pair(band="likely", first="present", second=None, settled=None, site=1, drawn=True):
    second = second or first
    settled = second if settled is None else settled
    return agreement.Pair(site, band, agreement._group(band, first), drawn, first, second, settled)


def test_kappa_of_a_table_that_is_in_the_textbooks():
    """20 and 15 agreed, 5 and 10 not: 0.4; its standard error by Fleiss, Cohen and Everitt is 0.127."""
    pairs = [pair(first=a, second=b) for a, b, n in [
        ("present", "present", 20), ("present", "absent", 5), ("absent", "present", 10), ("absent", "absent", 15)
    ] for _ in range(n)]  # fmt: skip
    found = agreement.kappa(pairs)
    assert found.value == pytest.approx(0.4)
    assert found.interval == pytest.approx((0.4 - 1.959964 * 0.1270, 0.4 + 1.959964 * 0.1270), abs=1e-4)
    assert (found.agreed, found.n, found.other) == (35, 50, 0)


def test_kappa_counts_what_is_neither_present_nor_absent_beside_it():
    pairs = [pair(first="present")] * 15 + [pair(first="absent")] * 15
    pairs += [pair(first="indeterminate"), pair(second="inadequate")]
    found = agreement.kappa(pairs)
    assert (found.value, found.interval, found.n, found.other) == (1.0, (1.0, 1.0), 30, 2)


@pytest.mark.parametrize(("number", "told"), [(0, False), (19, False), (20, True)])
def test_of_too_few_there_is_no_kappa(number, told):
    found = agreement.kappa(([pair(), pair(first="absent")] * 10)[:number])
    assert (found.value is not None, found.n) == (told, number)


def test_where_everybody_always_says_the_same_there_is_no_kappa():
    assert agreement.kappa([pair()] * 30).value is None


def test_of_those_drawn_sensitivity_and_specificity_are_plain_shares():
    pairs = [pair("likely", "present")] * 9 + [pair("less_likely", "present")] + [pair("likely", "absent")] * 4
    pairs += [pair("less_likely", "absent")] * 6 + [pair("uncertain", "absent")] * 10
    sensitivity, specificity = agreement.accuracy(pairs, LIKELY)
    assert (sensitivity.hits, sensitivity.n, sensitivity.value, sensitivity.effective) == (9, 10, 0.9, 10)
    assert (specificity.hits, specificity.n, specificity.value) == (16, 20, 0.8)
    specificity = agreement.accuracy(pairs, ("likely", "uncertain"))[1]
    assert (specificity.hits, specificity.n) == (6, 20)


def test_what_waits_for_a_third_reader_or_settled_on_neither_is_in_no_rate():
    pairs = [pair(settled=""), pair(settled="indeterminate"), pair(band="")]
    assert [share.n for share in agreement.accuracy(pairs, LIKELY)] == [0, 0]


def test_a_weighted_rate_counts_each_study_for_those_it_stands_for():
    """Of the pneumonias 8 were called likely and stand for 10 each; 4 contradicted, and stand for 1: 80 of 84."""
    pairs = [pair("likely", "present")] * 8 + [pair("less_likely", "present")] * 4
    weigh = {(1, "random"): 10.0, (1, "less_likely_present"): 1.0}
    sensitivity = agreement.accuracy(pairs, LIKELY, weigh)[0]
    assert sensitivity.value == pytest.approx(80 / 84)
    assert sensitivity.effective == pytest.approx(84**2 / (8 * 100 + 4))
    assert sensitivity.n == 12


def test_a_site_that_cannot_be_told_of_is_left_out():
    pairs = [pair("likely", "present", site=1), pair("likely", "present", site=2)]
    assert agreement.accuracy(pairs, LIKELY, {(1, "random"): 5.0})[0].n == 1


def test_the_interval_is_wilsons():
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


# From the ledger


@pytest.fixture
def site(db):
    factories.active_model()
    return factories.site(second_read_share=1)


@pytest.fixture
def readers(site):
    return [factories.radiologist(site) for _ in range(3)]


def read_by(readers, site, probability, *findings, **fields):
    """A study that was scored so and signed by one, two or three readers with these findings."""
    study = factories.screened(factories.study(site, **fields), probability)
    factories.read(study, readers[0], findings[0])
    for reader, finding in zip(readers[1:], findings[1:], strict=False):
        opened = rereading.claim(study.second_reads.get(), reader)
        rereading.sign(opened, reader, version=study.version, finding=finding)
    return study


def all_reports():
    return agreement.reports(Site.objects.all())


def test_the_settled_finding_is_what_two_agree_on_or_the_third_says(site, readers):
    read_by(readers, site, 0.9, "absent", "absent")
    read_by(readers, site, 0.9, "absent", "present")
    read_by(readers, site, 0.1, "absent", "present", "present")
    found = {(pair.group, pair.first, pair.settled) for pair in agreement.pairs(all_reports())}
    assert found == {
        ("likely_absent", "absent", "absent"),
        ("likely_absent", "absent", ""),
        ("random", "absent", "present"),
    }


def test_chance_draws_from_all_and_what_it_would_not_have_drawn_is_told_apart(site, readers):
    read_by(readers, site, 0.9, "absent", "absent")
    Site.objects.update(second_read_share=0)
    read_by(readers, site, 0.9, "absent", "absent")
    assert sorted(pair.drawn for pair in agreement.pairs(all_reports())) == [False, True]


def test_a_settled_study_stands_for_the_signed_ones_of_its_group(site, readers):
    read_by(readers, site, 0.9, "absent", "absent")
    read_by(readers, site, 0.9, "present", "present")
    Site.objects.update(second_read_share=0)
    for _ in range(3):
        read_by(readers, site, 0.1, "absent")
    reports = all_reports()
    weigh, out = agreement.weights(reports, agreement.pairs(reports))
    assert weigh == {(site.pk, "likely_absent"): 1, (site.pk, "random"): 4}
    assert not out


def test_a_group_of_which_nothing_is_settled_leaves_its_site_out(site, readers):
    read_by(readers, site, 0.9, "present", "present")
    read_by(readers, site, 0.1, "present")
    reports = all_reports()
    assert agreement.weights(reports, agreement.pairs(reports)) == ({}, {site.pk})


def test_phantoms_and_the_demo_site_stay_out(site, readers):
    read_by(readers, site, 0.9, "absent", synthetic=True)
    demo = factories.site(demo=True)
    read_by([factories.radiologist(demo)], demo, 0.9, "absent")
    assert not all_reports()


def test_a_study_that_was_read_anew_counts_once(site, readers):
    study = read_by(readers, site, 0.9, "absent")
    factories.join(study, seed=1)
    factories.read(study, readers[1], "present")
    assert [read.finding for read in all_reports()] == ["present"]


def test_days_include_their_beginning_and_not_their_end(site, readers):
    at = read_by(readers, site, 0.9, "absent").signed_at
    sites = Site.objects.all()
    assert agreement.reports(sites, since=at, until=at + timedelta(seconds=1))
    assert not agreement.reports(sites, until=at)


def test_cells_say_how_often_the_first_report_changed(site, readers):
    read_by(readers, site, 0.1, "present", "absent", "absent")
    read_by(readers, site, 0.1, "present", "present")
    read_by(readers, site, 0.9, "absent", "present")
    reports = all_reports()
    found = agreement.cells(reports, agreement.pairs(reports))
    told = {cell.group: (cell.signed, cell.twice, cell.settled, cell.changed) for cell in found}
    assert told == {"less_likely_present": (2, 2, 2, 1), "likely_absent": (1, 1, 0, 0), "random": (0, 0, 0, 0)}


def test_reasons_of_overruling_are_counted(site, readers):
    from screening.models import Overruling

    for reason in ("model", "quality", "model"):
        read_by(readers, site, 0.9, "absent")
        last = Read.objects.filter(~Q(pk__in=Overruling.objects.values("read"))).get()
        Overruling.objects.create(read=last, reason=reason)
    assert agreement.overrulings(all_reports()) == [
        ("The model is simply wrong", 2),
        ("The film's quality misled it", 1),
    ]
