# Fuzzing what reads bytes that others wrote. It is no part of `./dev test`: it
# never ends by itself.

FUZZ_TARGETS=(logs state doctor decoded records typed)

# `./dev fuzz [seconds for each target] [target…]`. What is found is kept in the
# cache, where the next run begins; an input that fails is named and kept too.
fuzz() {
    local seconds="${1:-600}" target
    shift || true
    local targets=("$@")
    ((${#targets[@]})) || targets=("${FUZZ_TARGETS[@]}")
    setup_for_build
    setup_fuzzing
    step "Seeds" seed_fuzzing
    for target in "${targets[@]}"; do
        step "Fuzz: $target, $seconds s" fuzz_target "$target" "$seconds"
    done
}

setup_fuzzing() {
    [[ -x "$CACHE/bin/cargo-fuzz" ]] ||
        step "Set up: cargo-fuzz" cargo install cargo-fuzz --locked --root "$CACHE"
    have c++ || apt_install g++
}

# A claim of a length inside a file must cost nothing: an input of 64 KiB may
# never make 64 MiB be asked for at once.
fuzz_target() {
    local target="$1" seconds="$2"
    mkdir -p "$CACHE/fuzz/found/$target" "$CACHE/fuzz/failed/$target"
    (cd domain && CARGO_TARGET_DIR="$CACHE/target-fuzz" "$CACHE/bin/cargo-fuzz" fuzz run \
        --sanitizer none --debug-assertions "$target" \
        "$CACHE/fuzz/found/$target" "$CACHE/fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 \
        -rss_limit_mb=1024 -malloc_limit_mb=64 -print_final_stats=1 \
        -artifact_prefix="$CACHE/fuzz/failed/$target/")
}

# The files of the recorded checkpoints, each where a target reads its kind.
seed_fuzzing() {
    local seeds="$CACHE/fuzz/seeds" raw archive file name
    raw="$(mktemp -d)"
    rm -rf "$seeds"
    mkdir -p "$seeds"/{logs,state,doctor,decoded,records,typed}
    for archive in domain/tests/corpus/*.tar.gz; do
        tar -xzf "$archive" -C "$raw"
    done
    while IFS= read -r -d '' file; do
        name="$(stamp_of seed -- "$file")"
        case "$file" in
            */checkpoint/state/*)
                cp -f "$file" "$seeds/state/$name"
                { printf '\4'; cat "$file"; } >"$seeds/decoded/$name"
                ;;
            */checkpoint/*)
                cp -f "$file" "$seeds/logs/$name"
                { printf '\1'; cat "$file"; } >"$seeds/decoded/$name"
                ;;
        esac
    done < <(find "$raw" -type f -size -64k -print0)
    printf '%s' '{"orders":{"0":12,"1":7}}' >"$seeds/typed/offsets"
    printf '%s' '2025-01-15 10:30 Europe/Berlin' >"$seeds/typed/time"
    printf '%s' '2h ago' >"$seeds/typed/ago"
    rm -rf "$raw"
}
