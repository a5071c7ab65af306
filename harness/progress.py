"""What people see while they wait: what is being done and how long it still takes. Plain lines where nobody watches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bars

PREPARE_SECONDS = 4.0  # What loading and checking a candidate is expected to take.
REFRESHES_PER_SECOND = 4  # The client's core is being measured; drawing must not cost it anything.
STEP_SECONDS = 0.5


class Progress:
    """One bar for the whole run beside a line on what is being done now. `seconds`: of trials, for each candidate."""

    def __init__(self, console: Console, candidates: int, seconds: float) -> None:
        self.console = console
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("about {task.remaining:.0f} s left"),
            console=console,
            transient=True,
            refresh_per_second=REFRESHES_PER_SECOND,
            disable=not console.is_terminal,
        )
        total = candidates * (PREPARE_SECONDS + seconds)
        self._whole = self._bars.add_task("starting", total=total)

    @contextmanager
    def shown(self) -> Iterator[None]:
        with self._bars:
            yield

    def note(self, text: str) -> None:
        """A passing remark."""
        self._bars.update(self._whole, description=text)

    def tell(self, text: str) -> None:
        """A remark that is also for those who read a log."""
        self._say(text)

    @contextmanager
    def preparing(self, name: str) -> Iterator[Callable[[str, float], None]]:
        """Loading and checking a candidate; yields `say(stage, share of it that is done)`."""
        self._say(f"{name}: preparing")
        yield lambda stage, share: self.note(f"{name}: {stage}" + (f" {share:.0%}" if 0 < share < 1 else ""))
        self._bars.advance(self._whole, PREPARE_SECONDS)

    @contextmanager
    def measuring(self, text: str, seconds: float) -> Iterator[None]:
        """Something that takes so long."""
        self._say(text)
        stop = threading.Event()
        thread = threading.Thread(target=self._advance, args=(seconds, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _say(self, text: str) -> None:
        self.note(text)
        if not self.console.is_terminal:
            self.console.print(text, highlight=False)

    def _advance(self, seconds: float, stop: threading.Event) -> None:
        done = 0.0
        while done < seconds and not stop.wait(STEP_SECONDS):
            done += STEP_SECONDS
            self._bars.advance(self._whole, STEP_SECONDS)
        self._bars.advance(self._whole, seconds - done)
