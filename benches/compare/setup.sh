#!/usr/bin/env bash
# Builds what run.py needs into an ignored folder here ($BENCH_HOME): the Rust programs it measures with, the Lambda Web
# Adapter and the peers. Some ten minutes the first time; afterwards only what has changed. `--no-peers` leaves out
# adapter and peers. Needs cargo, npm, python3 and wrk, and cmake for ts-serverless (both installed where apt-get can).
set -euo pipefail
home=$(realpath -m "${BENCH_HOME:-$(dirname "$0")/.home}")
cd "$(dirname "$0")"
here=$PWD
mkdir -p "$home"

# changed NAME PATH…: whether what NAME was built from is not what the files are now.
changed() {
  local name=$1
  shift
  sum=$(find setup.sh "$@" -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  [[ $sum != "$(cat "$home/$name.built" 2>/dev/null)" ]]
}
built() { echo "$sum" >"$home/$1.built"; }

# needs PROGRAM PACKAGE…: installs what has the program.
needs() {
  command -v "$1" >/dev/null || { apt-get update -qq && apt-get install -y -qq "${@:2}"; } >/dev/null
}

# python_peer NAME FOLDER: a peer written in Python, with its packages in a virtual environment.
python_peer() {
  local uv=$home/uv/bin/uv python=$2/bin/python
  [[ -x $python ]] || "$uv" venv -q --python "$(python3 -c 'import sys; print(sys.executable)')" "$2"
  "$uv" pip install -q --python "$python" --compile-bytecode --override "$home/override.txt" -r "peers/$1/requirements.txt"
  rm -rf "${home:?}/$1" && cp -r "peers/$1" "$home/$1"
  "$python" -m compileall -q "$home/$1"
}

needs wrk wrk
if changed harness rust || [[ ! -x $home/target/release/s3mem ]]; then
  (cd rust && CARGO_TARGET_DIR=$home/target cargo build --release --locked)
  built harness
fi
[[ ${1:-} != --no-peers ]] || exit 0

if changed peers peers || [[ ! -e $home/ts/dist/main.js || ! -x $home/pyvenv/bin/python || ! -x $home/pyvenv-skills/bin/python ]]; then
  [[ -x $home/tools/bin/lambda-adapter ]] ||
    cargo install lambda_web_adapter --version 1.0.0-rc1 --locked --root "$home/tools"

  # uv can override a requirement: fastmcp asks for a newer certifi than some mirrors have.
  [[ -x $home/uv/bin/uv ]] || { python3 -m venv "$home/uv" && "$home/uv/bin/pip" install -q uv==0.13.9; }
  echo 'certifi>=2026.1' >"$home/override.txt"
  python_peer fastmcp "$home/pyvenv"
  # Another release: the one that has skills.
  python_peer fastmcp-skills "$home/pyvenv-skills"

  mkdir -p "$home/ts" && cp peers/ts/*.{ts,json} "$home/ts"
  cd "$home/ts"
  npm ci --ignore-scripts --loglevel=error --no-audit --no-fund
  npm rebuild --loglevel=error esbuild
  npm run -s build
  # Compiles C++. Where that does not work, run.py leaves ts-serverless out.
  needs cmake cmake autoconf automake libtool || true
  npm rebuild --loglevel=error aws-lambda-ric || echo 'aws-lambda-ric does not compile: no ts-serverless' >&2
  cd "$here"
  built peers
fi
