"""Numbers over seeds: intervals, tests, differences. They know nothing of runs."""
