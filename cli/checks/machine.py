"""Checks of what lies on this machine: Python, the workspace, the `var/` folder, the model's files."""

import sys
from tempfile import TemporaryFile

from cli.checks.outcome import broken, ok, warn
from cli.shapes import Checked
from ledger.errors import WorkspaceInvalid
from ledger.settings import EmbeddedSettings

OLDEST_PYTHON, FIRST_UNTRIED_PYTHON = (3, 11), (3, 14)


def check_python() -> Checked:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNTRIED_PYTHON:
        return ok("python", found)
    return broken("python", found, "install Python 3.11, 3.12 or 3.13 and run `make setup` with it")


def check_workspace(settings: EmbeddedSettings) -> Checked:
    from crews.triage.spec import load_triage
    from crews.triage.systems import load_systems
    from ledger.workspace import open_workspace

    try:
        workspace = open_workspace(settings.workspace)
        load_triage(workspace)
        load_systems(workspace)
    except WorkspaceInvalid as error:
        remedy = "correct the file, or set CREWDESK_WORKSPACE to the folder of a workspace"
        return broken("workspace", str(error), remedy)
    found = f"{workspace.file.name}, {len(workspace.people.people)} people, in {settings.workspace}"
    return ok("workspace", found)


def check_catalog(settings: EmbeddedSettings) -> Checked:
    """Whether products, metrics and entities hold together; nothing is loaded."""
    from knowledge.warehouse.catalog import load_catalog
    from ledger.workspace import CATALOG, open_workspace

    try:
        workspace = open_workspace(settings.workspace)
    except WorkspaceInvalid:
        return warn("catalog", "not looked at", "correct the workspace first")
    try:
        catalog = load_catalog(workspace)
    except WorkspaceInvalid as error:
        return broken("catalog", str(error), "correct the file and look again, for the next one")
    if not catalog.products:
        return ok("catalog", f"none: there are no figures in {settings.workspace / CATALOG}")
    return ok("catalog", f"{len(catalog.products)} data products, {len(list(catalog.metrics()))} metrics")


def check_var(settings: EmbeddedSettings) -> Checked:
    folder = settings.var.absolute()
    if not folder.exists():
        return warn("var folder", f"{folder} is not there yet", "run `crewdesk ingest`, which makes it")
    try:
        with TemporaryFile(dir=folder):
            return ok("var folder", f"{folder} can be written")
    except OSError as error:
        found = f"{folder} cannot be written ({error.strerror})"
        return broken("var folder", found, "give this user the right to write there, or set CREWDESK_VAR")


def check_model_files() -> Checked:
    from knowledge import model_files

    try:
        folder = model_files.installed_model_folder()
        model_files.check_model_files(folder)
    except model_files.ModelFilesMissing as error:
        return broken("model files", str(error), "run `make setup` to reinstall them")
    return ok("model files", f"{model_files.MODEL_NAME}, as published")
