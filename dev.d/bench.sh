# Benchmarks. They are no part of `./dev test`: their figures are the machine's.

run_bench() {
    local what="${1:-}"
    shift || true
    case "$what" in
        doctor) bench_doctor "$@" ;;
        *) fail "there is one benchmark: ./dev bench doctor [objects]" ;;
    esac
}

# The doctor on a million objects, against a plain listing, both optimised.
# SLUICE_BIN may name another binary. Their profile has a folder of its own in the
# target folder, so that nothing of what is developed and tested is built anew.
bench_doctor() {
    local named="${SLUICE_BIN:-}"
    setup_for_build
    if [[ -z "$named" ]]; then
        step "Build: server, optimised" cargo build --profile measured --bin sluice
        named="$CARGO_TARGET_DIR/measured/sluice"
    fi
    export SLUICE_BIN="$named"
    cargo bench --quiet --profile measured --bench doctor -- "$@"
}
