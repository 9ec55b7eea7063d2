import json

from compare_ssgan.studies.executors import jobs


def test_jobs_on_record_are_read_by_engine(tmp_path):
    assert jobs.read(tmp_path, "slurm") == {}
    jobs.note(
        tmp_path, [jobs.Job("a", "slurm", "1_0", "t"), jobs.Job("b", "ray", "2", "t")]
    )
    jobs.note(tmp_path, [jobs.Job("a", "slurm", "3", "t")])
    assert jobs.read(tmp_path, "slurm") == {"a": "3"}
    row = json.loads((tmp_path / jobs.FILE).read_text().splitlines()[0])
    assert row == {"run_id": "a", "executor": "slurm", "job": "1_0", "submitted": "t"}


def test_half_a_row_costs_no_other(tmp_path):
    jobs.note(tmp_path, [jobs.Job("a", "slurm", "1_0", "t")])
    with (tmp_path / jobs.FILE).open("a") as file:
        file.write('{"run_id": "b", "exec')
    jobs.note(tmp_path, [jobs.Job("c", "slurm", "2", "t")])
    jobs.note(tmp_path, [jobs.Job("d", "slurm", "3", "t")])
    assert jobs.read(tmp_path, "slurm") == {"a": "1_0", "c": "2", "d": "3"}
