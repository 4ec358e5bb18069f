"""Options that several commands have, each worded once."""

import argparse


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default", help="a shipped model's name, or a path to a card")


def add_patient_pattern(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--patient-pattern", metavar="REGEX", help="its first group in a film's file name is the patient"
    )
