"""A stand-in for the command, of which a test says what it does."""

# Without TensorFlow: it does what `behave` says and leaves the traces that the sweep
# looks for.
STAND_IN = """
import json, pathlib, signal, sys, time
words = sys.argv[1:]
value = dict(zip(words, words[1:]))
out = pathlib.Path(value["--out"])
def stop(number, frame):
    (out / "stopped").touch()
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
with (out / "calls").open("a") as calls:
    calls.write(json.dumps(words) + "\\n")
run = json.loads(pathlib.Path(value["--planned"]).read_text())
method = run["method"]
directory = out / "runs" / run["run_id"]
directory.mkdir(parents=True, exist_ok=True)
behave
run |= {"image_shape": [8, 8, 1], "num_classes": 3, "batch_size": 8}
run |= {"status": "complete", "wall_seconds": 0.1}
(directory / "run.json").write_text(json.dumps(run))
(directory / "DONE").touch()
"""
