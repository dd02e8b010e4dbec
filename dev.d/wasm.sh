# A compiler with a wasm32 standard library.
#
# The ordinary way is rustup's target. Where toolchains cannot be downloaded,
# Debian's rustc-web comes with the sources of its standard library, which is
# then built once into a sysroot of our own in the cache; nothing is written
# into the system's directories. Versions are read, never named.

WASM_TARGET=wasm32-unknown-unknown
WASM_TARGET_DIR="$CACHE/target-front"
# Filled by setup_wasm: the environment of every cargo call for wasm32.
WASM_ENV=()

setup_wasm() {
    WASM_ENV=("CARGO_TARGET_DIR=$WASM_TARGET_DIR")
    has_wasm_std "$(command -v rustc)" && return 0
    if have rustup; then
        rustup target add "$WASM_TARGET" </dev/null >/dev/null 2>&1 || true
        has_wasm_std "$(command -v rustc)" && return 0
        echo "rustup cannot add $WASM_TARGET here."
    fi
    on_debian || fail "the target $WASM_TARGET is missing: rustup target add $WASM_TARGET"
    setup_debian_wasm
}

# True when this compiler's own sysroot has the standard library for wasm32.
has_wasm_std() {
    local libdir
    libdir="$("$1" --print target-libdir --target "$WASM_TARGET" 2>/dev/null)" || return 1
    compgen -G "$libdir/libcore-*.rlib" >/dev/null
}

setup_debian_wasm() {
    if ! apt_install rustc-web rust-web-src; then
        fail "neither rustup nor the package rustc-web gives a standard library for $WASM_TARGET"
    fi
    local rustc=/usr/bin/rustc
    local sysroot="$CACHE/wasm/sysroot" stamp
    stamp="$(stamp_of "$("$rustc" -vV)" "$(rustc --print sysroot)")"
    if ! fresh "$sysroot/.sluice-stamp" "$stamp"; then
        build_wasm_std "$rustc" "$sysroot"
        put_stamp "$sysroot/.sluice-stamp" "$stamp"
    fi
    WASM_ENV+=(
        "RUSTC=$rustc"
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=--sysroot $sysroot"
    )
}

# Builds the standard library from the sources that came with the compiler.
build_wasm_std() {
    local rustc="$1" sysroot="$2"
    local work="$CACHE/wasm/std" host lld
    host="$("$rustc" -vV | sed -n 's/^host: //p')"
    lld="$(command rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld"
    [[ -x "$lld" ]] || fail "the toolchain has no rust-lld, which links wasm32"

    rm -rf "$sysroot" "$work"
    mkdir -p "$work/src"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' \
        >"$work/Cargo.toml"
    printf '#![no_std]\n' >"$work/src/lib.rs"
    # Unstable options are for this one build; the product is built on stable.
    (cd "$work" && env RUSTC="$rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" \
        cargo build --release --target "$WASM_TARGET" \
        -Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test) || return 1

    local libs="$sysroot/lib/rustlib"
    mkdir -p "$libs/$WASM_TARGET/lib" "$libs/$host/bin"
    ln -s "$("$rustc" --print sysroot)/lib/rustlib/$host/lib" "$libs/$host/lib"
    ln -s "$lld" "$libs/$host/bin/rust-lld"
    local rlib
    for rlib in "$work/target/$WASM_TARGET"/release/deps/*.rlib; do
        [[ "$(basename "$rlib")" == libempty-* ]] || cp "$rlib" "$libs/$WASM_TARGET/lib/"
    done
    rm -rf "$work"
}

# cargo for the browser part.
wasm_cargo() {
    env "${WASM_ENV[@]}" cargo "$@"
}
