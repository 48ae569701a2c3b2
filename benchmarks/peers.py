"""An environment for the libraries that models are compared with. Standard library only.

They bring almost a gigabyte of packages and bounds of their own, which neither the project nor the
other engines should have to live with. What is in it says the dependency group `bench-models`.
"""

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.settings import PROJECT

GROUP = "bench-models"


class Peers:
    """A virtual environment in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is made yet."""
        self._folder = folder

    @property
    def python(self) -> str:
        """Its interpreter, of the version that runs this."""
        return str(self._folder / "bin" / "python")

    def make(self) -> None:
        """Make it where it is missing, and install what the group asks for and it lacks.

        Raises:
            CalledProcessError: uv, which has said why, could not.
        """
        uv = (sys.executable, "-m", "uv")
        if not Path(self.python).exists():
            made = (*uv, "venv", "--quiet", "--python", sys.executable, str(self._folder))
            subprocess.run(made, cwd=PROJECT, check=True)
        wanted = ("--python", self.python, "--group", GROUP)
        subprocess.run((*uv, "pip", "install", "--quiet", *wanted), cwd=PROJECT, check=True)

    def version(self, package: str) -> str | None:
        """Give the version of a package in it, if it is there."""
        places = [str(place) for place in self._folder.glob("lib/python*/site-packages")]
        found = next(iter(distributions(name=package, path=places)), None) if places else None
        return found.version if found else None
