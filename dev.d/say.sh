# Saying what is done, and how long it took.

# Runs a named step and prints its time. The output of the step is shown as it
# comes, since a build that is silent for minutes looks like one that hangs. A
# step that fails ends the script: nothing may stand around the call (no `if`,
# no `&&`), for bash would then go on after an error inside the step.
step() {
    local began=$SECONDS
    STEP="$1"
    printf '\n== %s\n' "$STEP"
    shift
    "$@"
    printf -- '-- %s: %s\n' "$STEP" "$(duration $((SECONDS - began)))"
    STEP=
}

STEP=
trap '[[ -z "$STEP" ]] || printf -- "-- %s: FAILED\n" "$STEP" >&2' EXIT

duration() {
    printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
}

fail() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# A digest over files and words: `stamp_of word… -- file…`. Two runs with equal
# inputs give the same one.
stamp_of() {
    local words=()
    while (($#)) && [[ "$1" != -- ]]; do
        words+=("$1")
        shift
    done
    shift || true
    { printf '%s\n' "${words[@]}"; (($# == 0)) || cat -- "$@"; } | digest
}

digest() {
    if have sha256sum; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# True when the stamp file holds exactly this stamp.
fresh() {
    [[ -f "$1" && "$(<"$1")" == "$2" ]]
}

put_stamp() {
    mkdir -p "$(dirname "$1")"
    printf '%s' "$2" >"$1"
}
