"""What is said of a table is true of all its rows."""

from compare_ssgan.analysis import tables
from tests.analysis import fabricate

LABELS = "not better by the rule for ties"


def test_a_gap_may_be_undefined_by_the_seeds_that_all_three_have(tmp_path):
    better = [20.0 + seed / 10 for seed in range(19)]
    fabricate.constant(tmp_path, "sn_gan", [30.0] * 20)
    fabricate.constant(tmp_path, "cond_gan", [31.0, *better])
    fabricate.constant(tmp_path, "ssgan", [25.0])
    text = tables.render(tmp_path)
    assert "undefined |" in text
    assert f"{LABELS}, or its mean is not on the seeds that all three have." in text
    fabricate.constant(tmp_path / "whole", "sn_gan", [30.0] * 20)
    fabricate.constant(tmp_path / "whole", "cond_gan", [31.0, *better])
    fabricate.constant(tmp_path / "whole", "ssgan", [25.0] * 20)
    assert f"{LABELS}." in tables.render(tmp_path / "whole")
