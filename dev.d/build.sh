# Building what is served.

# The default members in one call and not `-p server`: the features of the
# dependencies are then those that the tests are built with, and the AWS SDK is
# compiled once.
build_server() {
    cargo build --bin sluice
    export SLUICE_BIN="$CARGO_TARGET_DIR/debug/sluice"
}

build_front() {
    step "Build: browser part" wasm_cargo build -p frontend --lib \
        --target "$WASM_TARGET" --profile front
    step "Build: site" cargo run -q -p xtask -- bundle \
        --wasm "$WASM_TARGET_DIR/$WASM_TARGET/front/frontend.wasm" --site "$SITE"
    export SLUICE_SITE="$SITE"
}

up() {
    setup_for_build
    step "Build: server" build_server
    build_front
    local data=()
    [[ " $* " == *" --data"* ]] || data=(--data "$ROOT/target/sandbox")
    printf '\nSluice will be at http://localhost:3000; Ctrl-C stops it.\n\n'
    exec "$SLUICE_BIN" sandbox ${data[@]+"${data[@]}"} "$@"
}

reset() {
    cargo clean
    rm -rf "$WASM_TARGET_DIR" "$CACHE/wasm" "$CACHE/py" "$ROOT/target"
}
