# Benchmarks. They are no part of `./dev test`: their figures are the machine's.

run_bench() {
    local what="${1:-}"
    shift || true
    case "$what" in
        doctor) bench_doctor "$@" ;;
        *) fail "there is one benchmark: ./dev bench doctor [objects]" ;;
    esac
}

# The doctor on a million objects, against a plain listing. SLUICE_BIN may name
# another binary, such as one that was built for release.
bench_doctor() {
    local named="${SLUICE_BIN:-}"
    setup_for_build
    step "Build: server" build_server
    export SLUICE_BIN="${named:-$SLUICE_BIN}"
    cargo test --quiet --bench doctor -- "$@"
}
