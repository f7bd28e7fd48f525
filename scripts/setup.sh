#!/usr/bin/env bash
# setup.sh SET...: finds out which tools and libraries are missing for the given sets, and installs
# them. Sets: build test lint bench docs plots (build is always included).
#
#   NO_INSTALL=1   only check; exit 1 when something is missing that the set cannot do without
#   ASSUME_YES=1   do not ask before installing
#
# What is there is found by looking for the command, header or pkg-config module itself, so a tool
# that came from elsewhere counts. On Debian and Ubuntu, Fedora, Arch and macOS (Homebrew) the
# missing packages are installed; elsewhere the list is printed.
set -u

sets=("$@")
[ ${#sets[@]} -gt 0 ] || sets=(build)
for name in "${sets[@]}"; do
    case $name in
    build | test | lint | bench | docs | plots) ;;
    *)
        echo "setup: unknown set '$name' (build, test, lint, bench, docs, plots)" >&2
        exit 2
        ;;
    esac
done

missing=()          # "need|what|why" for each missing thing, need being required or optional
packages=()         # what to install, in this system's names
column=0            # which package name in a line of the tables below

# Which package manager: apt 1, dnf 2, pacman 3, brew 4, none 0.
if command -v apt-get >/dev/null; then
    manager=apt column=1
elif command -v dnf >/dev/null; then
    manager=dnf column=2
elif command -v pacman >/dev/null; then
    manager=pacman column=3
elif command -v brew >/dev/null; then
    manager=brew column=4
else
    manager=none
fi

# lacks NEED WHAT WHY APT DNF PACMAN BREW: notes a missing thing. A package name of "-" means that
# the system brings it or has no package for it.
lacks() {
    missing+=("$1|$2|$3")
    [ $column -gt 0 ] || return 0
    shift 2
    shift $column
    local names
    read -r -a names <<<"$1"
    [ "$1" = - ] || packages+=("${names[@]}")
}

has() { command -v "$1" >/dev/null 2>&1; }

# Something that compiles C, together with the C library's headers.
has_compiler() {
    local cc
    for cc in "${CC:-cc}" gcc clang; do
        # shellcheck disable=SC2086
        has ${cc%% *} && echo '#include <stdio.h>' | $cc -fsyntax-only -x c - 2>/dev/null && return 0
    done
    return 1
}

# cmake_is_recent: version 3.21 brought the presets that the Makefile uses.
cmake_is_recent() {
    local version major minor
    has cmake || return 1
    version=$(cmake --version) && version=${version#cmake version }
    major=${version%%.*} minor=${version#*.} minor=${minor%%.*}
    [ "$major" -gt 3 ] || { [ "$major" -eq 3 ] && [ "$minor" -ge 21 ]; }
}

check_build() {
    has_compiler || lacks required "C compiler" "compiles everything" \
        "gcc libc6-dev" gcc "gcc" -
    has make || lacks required make "runs the short commands" make make make make
    cmake_is_recent || lacks required "cmake 3.21" "configures the build" cmake cmake cmake cmake
    has ninja || lacks optional ninja "builds faster than make" \
        ninja-build ninja-build ninja ninja
    if ! has pkg-config; then
        lacks optional pkg-config "finds the libraries below" \
            pkg-config pkgconf-pkg-config pkgconf pkg-config
    fi
    # One call answers for all of them in the ordinary case.
    has protoc-c && pkg-config --exists zlib jansson libcurl libprotobuf-c libpng libjpeg libdeflate 2>/dev/null && return
    pkg-config --exists zlib 2>/dev/null ||
        lacks optional zlib "reads gzipped data sets" zlib1g-dev zlib-devel zlib zlib
    pkg-config --exists jansson 2>/dev/null ||
        lacks optional jansson "reads and writes JSON" \
            libjansson-dev jansson-devel jansson jansson
    pkg-config --exists libcurl 2>/dev/null ||
        lacks optional libcurl "downloads data sets" \
            "libcurl4-openssl-dev ca-certificates" libcurl-devel curl curl
    { has protoc-c && pkg-config --exists libprotobuf-c 2>/dev/null; } ||
        lacks optional protobuf-c "ONNX models and TensorBoard's event files" \
            "protobuf-c-compiler libprotobuf-c-dev" "protobuf-c-devel protobuf-c-compiler" \
            protobuf-c protobuf-c
    pkg-config --exists libpng 2>/dev/null ||
        lacks optional libpng "reads and writes PNG" libpng-dev libpng-devel libpng libpng
    pkg-config --exists libjpeg 2>/dev/null ||
        lacks optional libjpeg-turbo "reads and writes JPEG" \
            libjpeg62-turbo-dev libjpeg-turbo-devel libjpeg-turbo jpeg-turbo
    pkg-config --exists libdeflate 2>/dev/null ||
        lacks optional libdeflate "reads PNG twice as fast" \
            libdeflate-dev libdeflate-devel libdeflate libdeflate
}

check_test() {
    pkg-config --exists cmocka 2>/dev/null ||
        lacks required cmocka "the tests are written with it" \
            libcmocka-dev libcmocka-devel cmocka cmocka
    has c++ || has g++ || has clang++ ||
        lacks optional "C++ compiler" "checks the headers as C++" g++ gcc-c++ gcc -
}

check_lint() {
    has clang || lacks required clang "the second compiler" clang clang clang llvm
    has clang-format || lacks required clang-format "keeps the layout" \
        clang-format clang-tools-extra clang clang-format
    has clang-tidy || lacks required clang-tidy "looks for mistakes" \
        clang-tidy clang-tools-extra clang llvm
}

check_bench() {
    local python=${PYTHON:-/usr/bin/python3}
    has "$python" || lacks required python3 "runs PyTorch, the peer" python3 python3 python -
    "$python" -c 'import importlib.util as u, sys
sys.exit(not all(u.find_spec(m) for m in ("torch", "torchvision", "numpy", "PIL")))' 2>/dev/null ||
        lacks required "PyTorch" "what the benchmarks compare with" \
            "python3-torch python3-torchvision python3-numpy python3-pil" \
            "python3-torch python3-torchvision python3-numpy python3-pillow" \
            "python-pytorch python-torchvision python-numpy python-pillow" \
            "pytorch torchvision"
    [ -e /usr/include/oneapi/dnnl/dnnl.h ] || [ -e /usr/local/include/oneapi/dnnl/dnnl.h ] ||
        lacks optional oneDNN "what single convolutions are compared with" \
            libdnnl-dev onednn-devel onednn onednn
    [ "$manager" != apt ] || compgen -G '/usr/lib/*/openblas-openmp/libblas.so.3' >/dev/null ||
        lacks optional "OpenBLAS with OpenMP" "PyTorch is far slower without it" \
            libopenblas0-openmp - - -
    [ "$manager" != apt ] || compgen -G '/usr/lib/*/libtcmalloc_minimal.so.4' >/dev/null ||
        lacks optional tcmalloc "PyTorch is slower without it" libtcmalloc-minimal4 - - -
}

check_docs() {
    has doxygen || lacks required doxygen "makes the reference" doxygen doxygen doxygen doxygen
    has dot || lacks optional graphviz "draws its diagrams" graphviz graphviz graphviz graphviz
}

check_plots() {
    has chromium || has chromium-browser || has google-chrome ||
        lacks optional chromium "prints reports as PDF" chromium chromium chromium -
}

# list NEED: prints what is missing of that kind.
list() {
    local line need what why
    for line in "${missing[@]}"; do
        IFS='|' read -r need what why <<<"$line"
        [ "$need" != "$1" ] || printf '  %-22s %s (%s)\n' "$what" "$why" "$need"
    done
}

# failed REASON: some things stay missing; that ends the matter only where one is required.
failed() {
    echo "setup: $1" >&2
    local required
    required=$(list required)
    if [ -n "$required" ]; then
        echo "setup: cannot go on without:" >&2
        echo "$required" >&2
        exit 1
    fi
    echo "setup: going on without them" >&2
    exit 0
}

# as_root COMMAND...: through sudo where we are not root; without a terminal sudo may not ask.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

install_packages() {
    if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ] && ! has sudo; then
        failed "not root and no sudo; as root run: $(command_line)"
    fi
    case $manager in
    apt)
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
            as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -q --no-install-recommends "${packages[@]}"
        ;;
    dnf) as_root dnf install -y "${packages[@]}" ;;
    pacman) as_root pacman -S --noconfirm --needed "${packages[@]}" ;;
    brew) brew install "${packages[@]}" ;;
    esac
}

command_line() {
    case $manager in
    apt) echo "apt-get install ${packages[*]}" ;;
    dnf) echo "dnf install ${packages[*]}" ;;
    pacman) echo "pacman -S ${packages[*]}" ;;
    brew) echo "brew install ${packages[*]}" ;;
    esac
}

check_all() {
    missing=() packages=()
    check_build
    local name
    for name in "${sets[@]}"; do
        [ "$name" = build ] || "check_$name"
    done
}

check_all
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup: missing for: ${sets[*]}"
list required
list optional
[ "${NO_INSTALL:-0}" != 1 ] || failed "NO_INSTALL is set: nothing is installed"
[ "$manager" != none ] || failed "no package manager known here: please install them by hand"
[ ${#packages[@]} -gt 0 ] || failed "no package of this system has them (macOS: xcode-select --install)"

echo "setup: will run: $(command_line)"
if [ "$(id -u)" -ne 0 ] && [ -t 0 ] && [ "${ASSUME_YES:-0}" != 1 ]; then
    read -r -p "setup: go on, with sudo where needed? [Y/n] " answer
    case $answer in [nN]*) failed "not installed, as you wish" ;; esac
fi
install_packages || failed "the installation failed"
hash -r
check_all
[ ${#missing[@]} -eq 0 ] || failed "installed, yet still not found"
echo "setup: everything is here"
