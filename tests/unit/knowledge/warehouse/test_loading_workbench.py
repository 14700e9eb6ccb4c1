"""The DuckDB a load works in reads that load's files and nothing else."""

from pathlib import Path

import duckdb
import pytest

from knowledge.warehouse.loading.workbench import open_workbench


def test_only_the_loads_own_files_can_be_read_and_nothing_reset(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.csv", tmp_path / "other.csv"
    mine.write_text("a\n1\n")
    other.write_text("a\n2\n")
    out = tmp_path / "out"
    with open_workbench(out / "work", out, [mine], {}) as bench:
        assert bench.rows(f"SELECT a FROM read_csv('{mine}')") == [(1,)]
        bench.run(f"COPY (SELECT 1) TO '{out}/a.parquet'")
        for sql in (
            f"SELECT a FROM read_csv('{other}')",
            f"SELECT a FROM read_csv('{out}/../other.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/b.parquet'",
            f"ATTACH '{tmp_path}/c.duckdb'",
            "SET enable_external_access = true",
            "SET memory_limit = '64GB'",
            "INSTALL httpfs",
        ):
            with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
                bench.run(sql)
    assert sorted(path.name for path in out.iterdir()) == ["a.parquet"]
