# What the machine must have: a C compiler, Rust, Node, Chromium, Python tools.

NODE_MAJOR_MIN=20

on_debian() {
    have apt-get
}

# Installs Debian packages that are missing, as root or by sudo.
apt_install() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok' ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    local as_root=()
    if [[ "$(id -u)" != 0 ]]; then
        have sudo || fail "these packages are missing and there is no sudo: ${missing[*]}"
        as_root=(sudo)
    fi
    # One refresh of the package lists for each run of this script.
    if [[ -z "${APT_REFRESHED:-}" ]]; then
        "${as_root[@]}" apt-get update -qq </dev/null
        APT_REFRESHED=1
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
}

setup_compiler() {
    if on_debian; then
        apt_install build-essential pkg-config cmake ca-certificates
    elif ! have cc; then
        fail "there is no C compiler; on macOS: xcode-select --install"
    fi
    have cargo || fail "there is no cargo; install Rust by rustup first"
    have node && have npm || fail "there is no Node; install Node $NODE_MAJOR_MIN or later with npm"
    local major
    major="$(node -p 'process.versions.node.split(".")[0]')"
    ((major >= NODE_MAJOR_MIN)) ||
        fail "Node $major is too old; $NODE_MAJOR_MIN or later is needed"
}

# Installs a package folder from its lock file, once for each lock file.
npm_install() {
    local folder="$1" stamp
    stamp="$(stamp_of "$(node --version)" -- "$folder/package.json" "$folder/package-lock.json")"
    fresh "$folder/node_modules/.sluice-stamp" "$stamp" && return 0
    (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund </dev/null)
    put_stamp "$folder/node_modules/.sluice-stamp" "$stamp"
}

# Finds a Chromium or Chrome for Playwright and exports it as SLUICE_CHROMIUM.
setup_chromium() {
    local candidate
    for candidate in "${SLUICE_CHROMIUM:-}" chromium google-chrome-stable google-chrome \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        if [[ -n "$candidate" ]] && have "$candidate"; then
            SLUICE_CHROMIUM="$(command -v "$candidate")"
            export SLUICE_CHROMIUM
            return 0
        fi
    done
    on_debian || fail "there is no Chromium; install Chrome or Chromium, or set SLUICE_CHROMIUM"
    # On Ubuntu the package `chromium` only points to a snap, which Playwright
    # drives as well once it is there.
    apt_install chromium
    have chromium || fail "Chromium could not be installed; set SLUICE_CHROMIUM to one"
    SLUICE_CHROMIUM="$(command -v chromium)"
    export SLUICE_CHROMIUM
}

# The clients that are not ours: the sandbox's endpoints are driven by them.
setup_python() {
    local venv="$CACHE/py" stamp
    have python3 || { on_debian && apt_install python3; }
    have python3 || fail "there is no python3"
    stamp="$(stamp_of "$(python3 --version)" -- "$ROOT/dev.d/requirements.txt")"
    if ! fresh "$venv/.sluice-stamp" "$stamp"; then
        python3 -c 'import ensurepip' 2>/dev/null || { on_debian && apt_install python3-venv; }
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install -q --disable-pip-version-check \
            -r "$ROOT/dev.d/requirements.txt" </dev/null
        put_stamp "$venv/.sluice-stamp" "$stamp"
    fi
    export SLUICE_PY="$venv/bin/python"
}

setup_for_build() {
    step "Set up: compiler and Node" setup_compiler
    step "Set up: wasm32" setup_wasm
    step "Set up: npm packages" npm_install web
}

setup_for_checks() {
    step "Set up: Python clients" setup_python
}

setup_for_browser_tests() {
    step "Set up: Chromium" setup_chromium
    step "Set up: Playwright" npm_install end2end
}
