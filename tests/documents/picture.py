"""Prints the SVG of a terminal in which `prompt-gallery check` finds the mistakes of the folder `mistake`."""

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.terminal_theme import TerminalTheme

COLUMNS = 114
# Eight colours on a dark background. It is a part of the picture, so that it can be read on any page.
THEME = TerminalTheme(
    (27, 29, 28),
    (225, 227, 224),
    [(70, 72, 71), (240, 113, 103), (126, 192, 140), (224, 182, 96), (120, 170, 240), (200, 150, 220), (110, 195, 200), (225, 227, 224)],
)
# rich's own template names a font of another host, which pages that show pictures of a repository do not load.
TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="prompt-gallery check finds two mistakes, \
each with file, line and column">
  <style>
    .{unique_id}-matrix {{ font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
    .{unique_id}-title {{ font: 16px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }}
    {styles}
  </style>
  <defs>
    <clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
    {lines}
  </defs>
  {chrome}
  <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
  </g>
</svg>
"""


def main(program: str) -> None:
    environment = {"CLICOLOR_FORCE": "1", "PATH": os.environ["PATH"]}
    checked = subprocess.run([program, "check"], cwd=Path(__file__).with_name("mistake"), env=environment, capture_output=True, text=True)
    if checked.returncode != 1:
        sys.exit(f"check ended with {checked.returncode}, not 1:\n{checked.stdout}{checked.stderr}")
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True, color_system="standard", legacy_windows=False)
    console.print(Text("$ prompt-gallery check", style="bold"))
    console.print()
    console.print(Text.from_ansi(checked.stdout), soft_wrap=True)
    sys.stdout.write(console.export_svg(title="prompt-gallery", theme=THEME, code_format=TEMPLATE, unique_id="check"))


main(sys.argv[1])
