# Running every test, to the end, and counting.

PASSED=0
FAILED=0
SKIPPED=0

# Runs a step that may fail without ending the script; the failure is counted.
# A step that passes counts as one only where it has no count of its own.
attempt() {
    local name="$1" began=$SECONDS status
    shift
    printf '\n== %s\n' "$name"
    # Not `if (…)`: bash would ignore errors inside.
    set +e
    (
        trap - EXIT
        set -e
        "$@"
    )
    status=$?
    set -e
    if ((status == 0)); then
        printf -- '-- %s: %s\n' "$name" "$(duration $((SECONDS - began)))"
        PASSED=$((PASSED + 1))
    else
        printf -- '-- %s: FAILED after %s\n' "$name" "$(duration $((SECONDS - began)))"
        FAILED=$((FAILED + 1))
    fi
}

# The closing line, which CI reads, and the exit code.
verdict() {
    local skipped=""
    ((SKIPPED == 0)) || skipped=", $SKIPPED skipped"
    printf '\n%d passed, %d failed%s\n' "$PASSED" "$FAILED" "$skipped"
    ((FAILED == 0))
}

LOGS="$ROOT/target/dev"

test_rust() {
    cargo test --no-fail-fast 2>&1 | tee "$LOGS/cargo-test.txt"
}

test_browser() {
    (cd end2end && PLAYWRIGHT_JSON_OUTPUT_NAME="$LOGS/playwright.json" \
        npx --no-install playwright test --reporter=list,json)
}

# Adds up the lines `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
count_rust() {
    local passed failed ignored
    [[ -f "$LOGS/cargo-test.txt" ]] || return 0
    read -r passed failed ignored < <(awk '
        /^test result:/ { p += $4; f += $6; i += $8 }
        END { print p + 0, f + 0, i + 0 }' "$LOGS/cargo-test.txt")
    add "$passed" "$failed" "$ignored"
}

count_browser() {
    local passed failed skipped
    [[ -f "$LOGS/playwright.json" ]] || return 0
    # A test that passed only when it was tried again has failed.
    read -r passed failed skipped < <(node -e '
        const { stats } = JSON.parse(require("fs").readFileSync(process.argv[1]));
        console.log(stats.expected, stats.unexpected + stats.flaky, stats.skipped);
    ' "$LOGS/playwright.json")
    add "$passed" "$failed" "$skipped"
}

add() {
    PASSED=$((PASSED + $1))
    FAILED=$((FAILED + $2))
    SKIPPED=$((SKIPPED + $3))
}

run_tests() {
    case "${1:-}" in
        "") ;;
        real)
            shift
            if [[ -z "${SLUICE_BIN:-}" && " $* " != *" --list "* ]]; then
                setup_for_build
                step "Build: server" build_server
            fi
            exec "$ROOT/tests/real/run" "$@"
            ;;
        *) fail "unknown set of tests: $1" ;;
    esac
    rm -rf "$LOGS"
    mkdir -p "$LOGS"
    setup_for_build
    setup_for_checks
    setup_for_browser_tests
    step "Build: server" build_server
    build_front

    attempt "Check: rustfmt" check_format
    attempt "Check: clippy" check_lints
    attempt "Check: clippy for the browser" check_lints_wasm
    attempt "Check: licences, bans, sources" check_licences
    attempt "Check: types of the browser tests" check_types_of_end2end
    attempt "Test: Rust" test_rust
    count_rust
    attempt "Test: in the browser" test_browser
    count_browser
    verdict
}

# Pictures of the pages for people to look at, in target/shots.
shots() {
    setup_for_build
    setup_for_browser_tests
    step "Build: server" build_server
    build_front
    (cd end2end && SLUICE_SHOTS="$ROOT/target/shots" \
        npx --no-install playwright test --reporter=list shots "$@")
}
