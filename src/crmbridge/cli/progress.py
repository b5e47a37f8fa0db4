"""Progress on a terminal: one line per step with its count; nothing where nobody looks."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text


class _Left(TextColumn):
    """Shows, of how many there are, the rate and the time left; nothing where nobody knows."""

    def render(self, task: Task) -> Text:
        """See `TextColumn.render`."""
        if task.total is None:
            return Text("")
        words = [f"of {task.total:,.0f}"]
        if task.speed:
            words.append(f"{task.speed:,.0f}/s")
        if task.time_remaining is not None:
            minutes, seconds = divmod(int(task.time_remaining), 60)
            words.append(f"{minutes}:{seconds:02} left")
        return Text(" · ".join(words))


class Steps:
    """Shows how far each step of a run has got.

    Args:
        console: Shows nothing unless this is a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,.0f}"),
            _Left(""),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Steps:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, what: str, count: int) -> None:
        """Count on; see `ports.Progress`."""
        self._bar.advance(self._task(what), count)

    def expect(self, what: str, total: int) -> None:
        """Show rate and time left from now on; what is expected twice adds up."""
        task = self._task(what)
        before = self._bar.tasks[task].total or 0
        self._bar.update(task, total=before + total)

    def _task(self, what: str) -> TaskID:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=None)
        return self._tasks[what]
