"""The errors that people meet. The text of each is one sentence: what happened, why, what to do."""


class CourseError(Exception):
    """Base of every error that is shown to a person as it is."""


class UnknownChapter(CourseError):
    """No chapter has that number."""


class UnknownExercise(CourseError):
    """No exercise has that id."""


class SourceError(CourseError):
    """A chapter's source breaks a rule of the format; the author has to mend it."""


class WorkspaceError(CourseError):
    """The learner's folder cannot be read or written."""
