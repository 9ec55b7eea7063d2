"""A Slurm of its own on one machine: three nodes, two partitions, no accounting.

Everything is below one directory, and its ports are free ones, so that it disturbs
no other Slurm. It needs neither systemd nor cgroups nor root.
"""

import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "srun", "scontrol")
NODES = ("n1", "n2", "n3")
START_SECONDS = 60.0

# Jobs of `high` send those of `main` back into the queue. `cred_expire`: else who is
# sent back waits for two minutes.
CONFIG = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=cred_expire=5,socket={directory}/munge.sock
CredType=cred/munge
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool.%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
KillWait=5
MaxArraySize=5
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,requeue_delay=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2"
PARTITIONS = """
PartitionName=main Nodes=ALL Default=YES MaxTime=60 PriorityTier=1 GraceTime=10
PartitionName=high Nodes=ALL MaxTime=60 PriorityTier=10 PreemptMode=OFF
"""


def missing():
    """Returns why there can be no Slurm here, or None; tries to install it."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if not lacking:
        return None
    if shutil.which("apt-get") is None or os.getuid():
        return f"{', '.join(lacking)} are not installed, and apt-get is not possible."
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = "apt-get install -qy --no-install-recommends slurm-wlm munge"
    for command in ("apt-get update -q", install):
        done = subprocess.run(
            command.split(), env=environment, capture_output=True, text=True
        )
        if done.returncode:
            return f"apt-get cannot install Slurm: {done.stderr[-300:]}"
    return None


class Cluster:
    """A running Slurm.

    Attributes:
        environment: For processes that shall use it.
    """

    def __init__(self, directory):
        self._directory = directory
        self._config = directory / "slurm.conf"
        self.environment = os.environ | {
            "SLURM_CONF": str(self._config),
            "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
        }

    def start(self):
        for name in ("state", *(f"spool.{node}" for node in NODES)):
            (self._directory / name).mkdir(parents=True)
        self._write_config()
        key = self._directory / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.call(
            "munged",
            "--force",
            f"--key-file={key}",
            *(
                f"--{option}={self._directory}/munge{suffix}"
                for option, suffix in [
                    ("socket", ".sock"),
                    ("pid-file", "d.pid"),
                    ("log-file", ".log"),
                    ("seed-file", ".seed"),
                ]
            ),
        )
        self.start_controller()
        for node in NODES:
            self.call("slurmd", "-N", node, "-f", str(self._config))
        wait_for(
            lambda: self.call("sinfo", "-h", "-o", "%T", check=False) == "idle\n",
            START_SECONDS,
        )

    def stop(self):
        self.call("scancel", "-u", getpass.getuser(), check=False)
        time.sleep(1.0)
        for path in self._directory.glob("*.pid"):
            kill([int(path.read_text())], signal.SIGTERM)
        time.sleep(1.0)
        kill(self._processes(), signal.SIGKILL)
        shutil.rmtree(self._directory, ignore_errors=True)

    def start_controller(self):
        self.call("slurmctld", "-f", str(self._config))

    def restart_controller(self, seconds):
        """Stops the controller, which saves its state, for some seconds."""
        pid = int((self._directory / "slurmctld.pid").read_text())
        kill([pid], signal.SIGTERM)
        wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 30)
        time.sleep(seconds)
        self.start_controller()

    def call(self, *command, check=True):
        """Returns what a command prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def queue(self):
        """Returns state and node of every job by its name."""
        text = self.call("squeue", "-h", "-r", "-o", "%i|%T|%N", check=False)
        lines = (line.split("|") for line in text.splitlines())
        return {name: (state, node) for name, state, node in lines}

    def kill_job(self, name, task=""):
        """Kills the processes of a job's tasks, as somebody out of memory would be."""
        number = self._number(name)
        kill(self._processes_of(number, f"SLURM_PROCID={task}"), signal.SIGKILL)

    def kill_node(self, node):
        """Kills a node at once: its daemon, and all that its jobs are."""
        names = [name for name, (_, at) in self.queue().items() if at == node]
        found = [int((self._directory / f"slurmd.{node}.pid").read_text())]
        for number in map(self._number, names):
            found += self._watchers_of(number) + self._processes_of(number)
        kill(found, signal.SIGKILL)
        return names

    def _number(self, name):
        """Returns the number that a task of an array has by itself."""
        return self.call("squeue", "-h", "-j", name, "-o", "%A").strip()

    def _processes_of(self, number, with_variable=""):
        """Returns the processes of a job that have some variable in common."""
        job = f"SLURM_JOB_ID={number}".encode()
        return [
            pid
            for pid, variables in self._processes().items()
            if job in variables
            and any(each.startswith(with_variable.encode()) for each in variables)
        ]

    def _watchers_of(self, number):
        """Returns the daemons that watch the steps of a job."""
        title = f"slurmstepd: [{number}.".encode()
        ours = self._processes()
        return [
            pid
            for pid, line in processes("cmdline")
            if pid in ours and line.startswith(title)
        ]

    def _processes(self):
        """Returns what was started with our configuration, and its environment."""
        ours = f"SLURM_CONF={self._config}".encode()
        return {
            pid: variables.split(b"\0")
            for pid, variables in processes("environ")
            if ours in variables.split(b"\0") and pid != os.getpid()
        }

    def _write_config(self):
        host = socket.gethostname().split(".")[0]
        ports = free_ports(len(NODES) + 1)
        user = getpass.getuser()
        text = CONFIG.format(
            host=host, port=ports[0], user=user, directory=self._directory
        )
        nodes = [
            NODE.format(name=name, host=host, port=port)
            for name, port in zip(NODES, ports[1:], strict=True)
        ]
        self._config.write_text("\n".join([text, *nodes, PARTITIONS]))


def processes(file):
    """Yields the processes, and what a file of /proc says of them."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            yield int(path.name), (path / file).read_bytes()
        except OSError:
            continue


def kill(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def wait_for(condition, seconds):
    """Waits until something holds, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"Nothing within {seconds} s.")


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
