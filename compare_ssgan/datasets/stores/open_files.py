"""Files that stay open, of many."""

import collections
import pathlib
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from compare_ssgan.datasets.stores import record_index
from compare_ssgan.datasets.stores.record_index import FileState
from compare_ssgan.errors import InputError

# Systems allow a process 256 open files at least.
_MOST = 128

OpenT = TypeVar("OpenT")


class OpenFiles(Generic[OpenT]):
    """Opens files as they are needed, and drops those not needed for longest.

    What is dropped is closed when nobody refers to it any more.
    """

    def __init__(
        self, states: Sequence[FileState], open_file: Callable[[str], OpenT]
    ) -> None:
        """Opens nothing yet.

        Args:
            states: The files, as they have to be still when they are opened.
            open_file: Opens the file of a path.
        """
        self._states = states
        self._open_file = open_file
        self._open: collections.OrderedDict[int, OpenT] = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, number: int) -> OpenT:
        """Returns a file, opened; may be called from several threads.

        Raises:
            InputError: If it is not what it was, or cannot be opened.
        """
        with self._lock:
            if number in self._open:
                self._open.move_to_end(number)
                return self._open[number]
            opened = self._opened(self._states[number])
            self._open[number] = opened
            if len(self._open) > _MOST:
                self._open.popitem(last=False)
            return opened

    def _opened(self, state: FileState) -> OpenT:
        try:
            opened = self._open_file(state.path)
        except OSError as error:
            raise InputError(
                f"{state.path} cannot be read: {error.strerror}."
            ) from error
        # Only now: it may be replaced in between.
        if record_index.state(pathlib.Path(state.path)) != state:
            raise InputError(
                f"{state.path} has changed since its records were counted. Start again."
            )
        return opened
