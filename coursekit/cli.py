"""The `course` command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from coursekit.course import Course
from coursekit.errors import CourseError, UnknownChapter, UnknownExercise
from coursekit.workspace import Workspace, named_folder

USAGE_ERROR = 2
CHECK_STATUS = {"passed": 0, "failed": 1, "error": 3, "not_attempted": 4, "timed_out": 5}
WORDS = {
    "passed": "[green]passed[/]",
    "failed": "[red]not yet[/]",
    "error": "[red]does not run[/]",
    "timed_out": "[red]stopped[/]",
    "unchecked": "[yellow]not checked[/]",
    "not_attempted": "[dim]open[/]",
}

app = typer.Typer(
    help="The course on API development with FastAPI: open it, check answers, build and prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ExerciseId = Annotated[str, typer.Argument(metavar="EXERCISE", help="As in 3.2.")]
Chapters = Annotated[list[int] | None, typer.Argument(metavar="[CHAPTER]...", help="Default: all chapters.")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Default: the first free one.", show_default=False)]


def main() -> None:
    """Run the command. An error that people meet is one sentence on stderr, never a traceback."""
    try:
        app()
    except (UnknownChapter, UnknownExercise) as error:
        _fail(str(error), USAGE_ERROR)
    except CourseError as error:
        _fail(str(error), 1)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or 'the course has no name for what failed'}.", 1)


def _fail(sentence: str, status: int) -> None:
    print(sentence, file=sys.stderr)
    raise SystemExit(status)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _workspace(course: Course) -> Workspace:
    named = os.environ.get("COURSE_WORKSPACE")
    return Workspace(named_folder(named) if named else course.root / "workspace", course)


@app.command()
def lab(
    port: Port = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
) -> None:
    """Open the course in JupyterLab; the notebooks are copied to the workspace first."""
    from coursekit import lab, notebooks

    course = Course.load()
    workspace = _workspace(course)
    for put_beside in notebooks.refresh(workspace, course.root / "notebooks"):
        print(f"{put_beside}.")
    raise typer.Exit(lab.start(workspace.folder, port=port, browser=browser))


@app.command()
def status(as_json: Json = False) -> None:
    """Show which exercises are solved."""
    course = Course.load()
    workspace = _workspace(course)
    workspace.progress()
    chapters = [
        {
            "chapter": chapter.number,
            "title": chapter.title,
            "exercises": [
                {
                    "exercise": exercise.id,
                    "title": exercise.title,
                    "minutes": exercise.minutes,
                    "outcome": workspace.outcome(exercise),
                    "attempts": len(workspace.attempts(exercise)),
                }
                for exercise in chapter.exercises
            ],
        }
        for chapter in course.chapters
    ]
    if as_json:
        _print_json({"workspace": str(workspace.folder), "chapters": chapters})
        return
    console = Console()
    for chapter in chapters:
        table = Table(title=str(chapter["title"]), title_justify="left", title_style="bold", box=None, padding=(0, 2))
        for name in ("exercise", "", "minutes", "outcome", "attempts"):
            table.add_column(name, justify="right" if name in ("minutes", "attempts") else "left")
        exercises: list[dict[str, Any]] = chapter["exercises"]  # type: ignore[assignment]
        for row in exercises:
            values = row["exercise"], row["title"], str(row["minutes"]), WORDS[row["outcome"]], str(row["attempts"])
            table.add_row(*values)
        console.print(table)
        console.print()
    every = [row for chapter in chapters for row in chapter["exercises"]]  # type: ignore[attr-defined]
    console.print(f"{sum(row['outcome'] == 'passed' for row in every)} of {len(every)} exercises solved.")


@app.command()
def check(
    exercise_id: ExerciseId,
    answer: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The answer: the whole cell without its first line. Default: your last attempt.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check an answer.

    The exit status says how it went: 0 passed, 1 failed, 3 does not run, 4 not attempted, 5 timed out.
    """
    course = Course.load()
    exercise = course.exercise(exercise_id)
    from coursekit.checker import Checker
    from coursekit.display import verdict

    if answer is not None:
        source = answer.read_text(encoding="utf-8", errors="surrogateescape")
    else:
        attempts = _workspace(course).attempts(exercise)
        source = attempts[-1].source if attempts else exercise.stub
    checker = Checker(course, exercise.chapter, owned_dir=None)
    checker.start()
    try:
        result = checker.check(exercise, source)
    finally:
        checker.close()
    if as_json:
        _print_json(result.to_json())
    else:
        print(verdict(exercise, result, goes_on=""))
    raise typer.Exit(CHECK_STATUS[result.outcome])


@app.command()
def solution(exercise_id: ExerciseId) -> None:
    """Show the reference solution of an exercise."""
    source = Course.load().exercise(exercise_id).solution
    if sys.stdout.isatty():
        Console().print(Syntax(source, "python", theme="ansi_dark", background_color="default"))
    else:
        print(source, end="")


@app.command()
def reset(exercise_id: ExerciseId) -> None:
    """Open an exercise again; its attempts are kept in the workspace's backups."""
    course = Course.load()
    exercise = course.exercise(exercise_id)
    workspace = _workspace(course)
    moved = workspace.reset(exercise)
    if moved is None:
        print(f"Exercise {exercise.id} had no attempts: it is open as before.")
    else:
        print(f"Exercise {exercise.id} is open again; your attempts are in {workspace.folder / moved}.")


@app.command()
def serve(
    port: Port = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when a file of the app changes.")] = False,
) -> None:
    """Serve your app under uvicorn: your files where you passed, the reference where an exercise is open."""
    from coursekit import lab

    workspace = _workspace(Course.load())
    raise typer.Exit(lab.serve(workspace.folder, port=port, reload=reload))


@app.command()
def build(
    chapters: Chapters = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail when something built is out of date.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Execute the notebooks even if nothing changed.")] = False,
) -> None:
    """Build notebooks/, solutions/ and course_app/ from chapters/."""
    course = Course.load()
    for number in chapters or ():
        course.chapter(number)
    from coursekit import build

    if check_only:
        faults = build.stale(course)
        for fault in faults:
            print(f"{fault.path.relative_to(course.root)} is out of date: {fault.why}.", file=sys.stderr)
        if faults:
            raise CourseError("Run `course build` and look at the difference.")
        print("Everything built is up to date.")
        return
    for path in build.build(course, chapters, force=force):
        print(f"built {path.relative_to(course.root)}")


@app.command()
def prove(chapters: Chapters = None, as_json: Json = False) -> None:
    """Show that the checks tell right from wrong: stub, solution, listed wrong answers, alternative right ones."""
    course = Course.load()
    for number in chapters or ():
        course.chapter(number)
    from coursekit.prove import prove

    proofs = prove(course, chapters)
    if as_json:
        _print_json(proofs.to_json())
    else:
        console = Console(highlight=False)
        table = Table("exercise", "", "checks", "wrong", "right", "seconds", "", box=None, padding=(0, 2))
        for proof in proofs.proofs:
            counts = (str(proof.checks), str(proof.wrong), str(proof.right), f"{proof.seconds:.1f}")
            table.add_row(proof.exercise, proof.title, *counts, "proved" if proof.proved else "[red]not proved[/]")
        console.print(table)
        for proof in proofs.proofs:
            for fault in proof.faults:
                print(f"{proof.exercise}: {fault}")
            for note in proof.notes:
                print(f"{proof.exercise}, note: {note}")
        for fault in proofs.faults:
            print(fault)
        print(f"{sum(proof.proved for proof in proofs.proofs)} of {len(proofs.proofs)} exercises proved")
    raise typer.Exit(0 if proofs.proved else 1)


@app.command()
def mutate(
    chapters: Chapters = None,
    exercise_id: Annotated[
        str | None, typer.Option("--exercise", metavar="EXERCISE", help="Only this one, as in 3.2.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Change each solution in small mechanical ways and show the changes that no check notices."""
    course = Course.load()
    for number in chapters or ():
        course.chapter(number)
    if exercise_id is not None:
        course.exercise(exercise_id)
    from coursekit.mutate import mutate

    report = mutate(course, chapters, exercise=exercise_id)
    if as_json:
        _print_json(report.to_json())
    else:
        for survivor in report.survivors:
            print(
                f"{survivor.exercise}, line {survivor.line}, {survivor.operator}: no check notices\n{survivor.diff}\n"
            )
        for fault in report.faults:
            print(fault)
        print(
            f"{report.tried} changes tried: {len(report.survivors)} unnoticed, {report.allowed} explained as equivalent"
        )
    raise typer.Exit(0 if report.clean else 1)
