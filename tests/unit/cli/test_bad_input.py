"""Whatever is wrong, a person gets one line that says what, the right exit status, and nothing half-done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.reading import list_runs
from ledger.var_folder import hold_var
from tests.unit.cli.conftest import YOU, Crewdesk

ASK = ("ask", "Who sees a document?", "--as", YOU)
SEARCH = ("search", "documents", "--as", YOU)
WORKING = (ASK, SEARCH, ("ingest",))


class TestQuestions:
    @pytest.mark.parametrize("command", ["ask", "search"])
    @pytest.mark.parametrize(
        ("text", "says"),
        [("", "empty"), (" \n ", "empty"), ("long " * 20_000, "99,999 characters"), ("a\x00b", "not text")],
    )
    def test_a_text_that_cannot_be_asked(
        self, crewdesk: Crewdesk, var: Path, command: str, text: str, says: str
    ) -> None:
        ran = crewdesk(command, text, "--as", YOU)
        assert (ran.status, says in ran.complaint) == (2, True)
        assert not var.exists()

    @pytest.mark.parametrize("options", [("--id", ""), ("--id", "x" * 256), ("--thread", "a\nb")])
    def test_a_name_that_cannot_be_kept(
        self, crewdesk: Crewdesk, var: Path, options: tuple[str, ...]
    ) -> None:
        ran = crewdesk(*ASK, *options)
        assert (ran.status, options[0] in ran.complaint) == (2, True)
        assert not var.exists()

    @pytest.mark.parametrize(
        ("command", "status", "says"),
        [
            (("ask", "Who?", "--as", "stranger@company.example"), 4, "stranger@company.example"),
            (("search", "Who?", "--as", "stranger@company.example"), 4, "stranger@company.example"),
            (("ask", "Who?", "--as", " "), 2, "--as EMAIL"),
            ((*ASK, "--workflow", "nonesuch"), 2, "there are: ask"),
        ],
    )
    def test_a_person_or_workflow_nobody_knows(
        self, crewdesk: Crewdesk, ledger: Database, command: tuple[str, ...], status: int, says: str
    ) -> None:
        ran = crewdesk(*command)
        assert (ran.status, says in ran.complaint) == (status, True)
        assert list_runs(ledger) == []


def _no_folder(workspace: Path) -> None:
    workspace.rename(workspace.with_name("elsewhere"))


def _a_file_in_its_place(workspace: Path) -> None:
    _no_folder(workspace)
    workspace.write_text("no folder")


def _no_people(workspace: Path) -> None:
    (workspace / "people.yaml").unlink()


def _binary_people(workspace: Path) -> None:
    (workspace / "people.yaml").write_bytes(b"\xff\xfe\x00")


def _tab_in_people(workspace: Path) -> None:
    (workspace / "people.yaml").write_text("groups:\n  everyone: All\n\tpeople: []\n")


def _unknown_key(workspace: Path) -> None:
    (workspace / "workspace.yaml").write_text("name: Shop\ncolour: blue\n")


def _unknown_group(workspace: Path) -> None:
    people = workspace / "people.yaml"
    people.write_text(people.read_text().replace("[everyone, finance]", "[everyone, nonesuch]"))


class TestWorkspaces:
    @pytest.mark.parametrize(
        ("spoil", "says"),
        [
            (_no_folder, "company: there is no workspace folder"),
            (_a_file_in_its_place, "company: there is no workspace folder"),
            (_no_people, "people.yaml: there is no such file"),
            (_binary_people, "people.yaml:1: this is not UTF-8 text"),
            (_tab_in_people, "people.yaml:3: this is not valid YAML"),
            (_unknown_key, "workspace.yaml:2: colour: this key is not known"),
            (_unknown_group, "nonesuch"),
        ],
    )
    def test_a_workspace_that_does_not_hold_stops_everything_before_anything_is_written(
        self, crewdesk: Crewdesk, workspace: Path, var: Path, spoil: Callable[[Path], None], says: str
    ) -> None:
        spoil(workspace)
        for command in WORKING:
            ran = crewdesk(*command)
            assert (ran.status, says in ran.complaint) == (2, True), command
        assert not var.exists()

    def test_a_documents_metadata_that_does_not_hold_stops_the_ingestion(
        self, crewdesk: Crewdesk, workspace: Path, var: Path
    ) -> None:
        (workspace / "documents" / "_meta.yaml").write_text("defaults:\n  gruops: [everyone]\n")
        ran = crewdesk("ingest")
        assert ran.status == 2
        assert "_meta.yaml:2: defaults.gruops: this key is not known" in ran.complaint
        assert not (var / "search").exists()


class TestInstallation:
    def test_a_second_process_on_the_same_var_is_told_who_has_it(self, crewdesk: Crewdesk, var: Path) -> None:
        with hold_var(var, "serve"):
            for command in WORKING:
                ran = crewdesk(*command)
                assert ran.status == 5
                assert "in use by `crewdesk serve`" in ran.complaint
            assert [path.name for path in var.iterdir()] == ["lock"]

    def test_missing_model_files_are_named_before_anything_begins(
        self, crewdesk: Crewdesk, var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from knowledge import model_files

        monkeypatch.setattr(model_files, "installed_model_folder", lambda: tmp_path)
        for command in WORKING:
            ran = crewdesk(*command)
            assert ran.status == 5
            assert "model.safetensors is missing" in ran.complaint
            assert "make setup" in ran.complaint
        assert not var.exists()

    @pytest.mark.parametrize(
        "command", [("runs",), ("run", "show", "abcd"), ("trace", "abcd"), ("audit", "verify")]
    )
    def test_reading_before_anything_was_prepared_makes_nothing(
        self, crewdesk: Crewdesk, var: Path, command: tuple[str, ...]
    ) -> None:
        ran = crewdesk(*command)
        assert (ran.status, "run `crewdesk ingest`" in ran.complaint) == (5, True)
        assert not var.exists()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("CREWDESK_API_PORT", "many"), ("CREWDESK_MODELS", "[{"), ("CREWDESK_LOG_LEVEL", "LOUD")],
    )
    def test_a_setting_that_cannot_be_read_is_named(
        self, crewdesk: Crewdesk, var: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)
        ran = crewdesk("doctor")
        assert ran.status == 2
        assert name in ran.complaint or "CREWDESK_*" in ran.complaint
        assert not var.exists()


class TestCommandLine:
    @pytest.mark.parametrize(
        ("command", "says"),
        [
            (("aks",), "No such command 'aks'"),
            (("ask",), "Missing argument"),
            (("ask", "Who?"), "--as"),
            (("runs", "--limit", "0"), "--limit"),
            (("search", "x", "--as", YOU, "--limit", "many"), "--limit"),
            (("runs", "--colour"), "--colour"),
            (("run", "show"), "crewdesk run show --help"),
        ],
    )
    def test_wrong_usage_points_to_the_help(
        self, crewdesk: Crewdesk, command: tuple[str, ...], says: str
    ) -> None:
        ran = crewdesk(*command)
        assert ran.status == 2
        assert says in ran.complaint
        assert "--help`" in ran.complaint

    def test_ctrl_c_ends_quietly(self, crewdesk: Crewdesk, monkeypatch: pytest.MonkeyPatch) -> None:
        assert _with_failure(crewdesk, monkeypatch, KeyboardInterrupt()) == (130, "")

    def test_what_nobody_foresaw_keeps_its_traceback_in_a_file(
        self, crewdesk: Crewdesk, var: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = "sk-" + "a" * 20
        status, line = _with_failure(crewdesk, monkeypatch, ZeroDivisionError(f"key {secret}"))
        assert (status, len(line.splitlines())) == (5, 1)
        [kept] = (var / "errors").iterdir()
        assert kept.stem in line
        assert str(kept) in line
        assert "ZeroDivisionError" in kept.read_text()
        assert secret not in kept.read_text() + line


def _with_failure(
    crewdesk: Crewdesk, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> tuple[int, str]:
    def fail(_role: type) -> None:
        raise failure

    monkeypatch.setattr("cli.start.load_settings", fail)
    ran = crewdesk("runs")
    assert ran.out == ""
    return ran.status, ran.err
