"""One process at a time holds `var/`, and its secret is made once."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import SettingsInvalid, VarInUse
from ledger.var_folder import hold_var, installation_secret
from tests.unit.ledger.world import at_once

_HOLDER = (
    "import sys; from pathlib import Path; from ledger.var_folder import hold_var\n"
    "with hold_var(Path(sys.argv[1]), 'serve'): print('held', flush=True); sys.stdin.read()"
)


def _hold(folder: Path) -> None:
    with hold_var(folder, "ask"):
        pass


def test_a_second_process_is_told_who_holds_it_until_that_one_ends(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(VarInUse) as told:
            _hold(folder)
        other.kill()
    sentence = str(told.value)
    assert f"in use by `crewdesk serve` (process {other.pid})" in sentence
    assert "CREWDESK_VAR" in sentence
    _hold(folder)


def test_it_can_be_held_again_after_it_was_let_go(tmp_path: Path) -> None:
    with hold_var(tmp_path, "serve"), pytest.raises(VarInUse, match="crewdesk serve"):
        _hold(tmp_path)
    _hold(tmp_path)


@pytest.mark.parametrize("place", ["file", "file/var"])
def test_a_folder_that_cannot_be_names_the_variable(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsInvalid, match="CREWDESK_VAR"):
        _hold(tmp_path / place)


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    secret = installation_secret(folder)
    assert len(secret) == 32
    assert installation_secret(folder) == secret
    assert stat.S_IMODE((folder / "api-key-secret").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["api-key-secret"]
    assert installation_secret(tmp_path / "other") != secret


def test_all_who_ask_at_once_get_the_same_whole_secret(tmp_path: Path) -> None:
    for number in range(20):
        secrets = at_once(*[lambda number=number: installation_secret(tmp_path / str(number))] * 6)
        assert len(set(secrets)) == 1
        assert isinstance(secrets[0], bytes)
        assert len(secrets[0]) == 32


def test_a_secret_that_was_cut_short_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "api-key-secret").write_bytes(b"")
    with pytest.raises(SettingsInvalid, match="api-key-secret is cut short"):
        installation_secret(tmp_path)
