import pytest

from compare_ssgan.studies.engine import engine


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ("inline", None)),
        ({"SLURM_JOB_ID": "17"}, ("slurm", "17")),
        (
            {
                "SLURM_JOB_ID": "19",
                "SLURM_ARRAY_JOB_ID": "17",
                "SLURM_ARRAY_TASK_ID": "2",
            },
            ("slurm", "17_2"),
        ),
        ({"RAY_JOB_ID": "01000000", "RAY_RAYLET_PID": "7"}, ("ray", "01000000")),
        ({"RAY_JOB_ID": "ffffffff", "RAY_RAYLET_PID": "7"}, ("ray", None)),
        # Somebody's own variable, outside of any worker.
        ({"RAY_ADDRESS": "auto"}, ("inline", None)),
    ],
)
def test_the_environment_tells_what_started_a_process(environment, expected):
    assert engine(environment) == expected
