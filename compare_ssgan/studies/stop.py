"""Being asked to stop: a flag that the training loop reads between two steps."""

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from compare_ssgan.errors import PreemptedError

_SIGNALS = (signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP, signal.SIGINT)


class StopFlag:
    """What the process was asked by a signal.

    Attributes:
        received: Name of the signal, or None.
    """

    def __init__(self) -> None:
        self.received: str | None = None

    def __call__(self) -> bool:
        """Whether to stop at the next boundary."""
        return self.received is not None


@contextmanager
def interruptible(work: str) -> Iterator[None]:
    """Ends what leaves nothing half done, as soon as a signal asks for it.

    Args:
        work: What was being done, for the message.

    Raises:
        PreemptedError: If SIGTERM, SIGUSR2 or Ctrl-C came, or the terminal is gone.
    """
    received: list[str] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(signal.Signals(number).name)
        raise KeyboardInterrupt

    try:
        with _handling(handle):
            yield
    except KeyboardInterrupt as error:
        raise PreemptedError(
            f"{work} was stopped by {received[0] if received else 'SIGINT'}. What was "
            "measured is kept; run the same command again to go on."
        ) from error


@contextmanager
def listening() -> Iterator[StopFlag]:
    """Turns SIGTERM, SIGUSR2, SIGHUP and a first Ctrl-C into a flag.

    SIGHUP, by which a process learns that its terminal is gone, stays ignored where it
    is: under nohup. Nothing is saved inside the handler: the discriminator may have
    been updated and the generator not. A second Ctrl-C interrupts as usual. Outside the
    main thread signals cannot be handled, and the flag stays down.
    """
    flag = StopFlag()

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and flag.received == "SIGINT":
            raise KeyboardInterrupt
        flag.received = signal.Signals(number).name

    with _handling(handle):
        yield flag


def ignore() -> None:
    """Has a process that is about to end do so, whoever asks it to stop again."""
    for number in _SIGNALS:
        if number != signal.SIGINT:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def _handling(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle_quietly(number: int, frame: FrameType | None) -> None:
        _leave_lost_terminal()
        handle(number, frame)

    handled = [
        number
        for number in _SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    ]
    previous = {number: signal.signal(number, handle_quietly) for number in handled}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave_lost_terminal() -> None:
    """Keeps what is printed from failing where the terminal is gone."""
    for stream in (1, 2):
        try:
            os.write(stream, b"")
        except OSError as error:
            if error.errno == errno.EIO:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream)
                os.close(nowhere)
