"""What `tools/doctor.py` looks at."""
