#!/usr/bin/env bash
# PyPI dotpromptz 0.2.0: a partial that a comment names counts as used. A partial whose comment shows how to call it,
# `{{!-- {{> note}} --}}`, is refused as a circle; npm dotprompt renders it. Exits with 1 if that has changed. Needs python3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dotpromptz==0.2.0
cat >try.py <<'PY'
import asyncio
from dotpromptz.dotprompt import Dotprompt
from dotpromptz.typing import DataArgument

async def render(partial):
    try:
        prompt = Dotprompt(partial_resolver=lambda name: partial)
        return (await prompt.render("{{> note}}", DataArgument(input={}))).messages[0].content[0].text
    except Exception as error:
        return f"{type(error).__name__}: {error}"

print(asyncio.run(render("{{!-- use: note --}}Be brief.")))
print(asyncio.run(render("{{!-- use: {{> note}} --}}Be brief.")))
PY
seen=$(venv/bin/python try.py 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'Be brief.'$'\n'*'Circular partial reference: note -> note'* ]]
