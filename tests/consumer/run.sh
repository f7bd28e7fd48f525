#!/usr/bin/env bash
# run.sh SOURCE BUILD WORK: installs the build into WORK, moves the installed tree elsewhere, and
# builds and runs a small foreign project against it: by pkg-config and by find_package, in C and
# C++, with the shared and the static library. CC and CXX name the compilers.
set -eu
source=$1 build=$2 work=$3
cc=${CC:-cc} cxx=${CXX:-}
rm -rf "$work"
mkdir -p "$work"
DESTDIR='' cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/moved"
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name 'libtaper.a')")
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir DYLD_LIBRARY_PATH=$libdir

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
must_run() {
    local said
    said=$("$@") || fail "$* ended with $?"
    [ "$said" = "11 22 33 44" ] || fail "$* said '$said'"
    echo "ok: ${1#"$work"/}"
}

# Nothing installed may know where it was built or first installed.
if grep -rlF -e "$work/first" -e "$build" "$prefix" --include='*.pc' --include='*.cmake' \
    --include='*.h'; then
    fail "the files above hold absolute paths"
fi

# The installed library: its soname, and only our names in sight.
if [ -e "$libdir/libtaper.so" ]; then
    readelf -d "$libdir/libtaper.so" | grep -q 'SONAME.*\[libtaper\.so\.0\]' || fail "wrong soname"
    foreign=$(nm -D --defined-only "$libdir/libtaper.so" | awk '{print $3}' | grep -v '^tp_' || true)
    [ -z "$foreign" ] || fail "exported without the prefix: $foreign"
fi
if [ -x "$prefix/bin/taper" ]; then
    "$prefix/bin/taper" version >/dev/null || fail "the installed command does not run"
fi

# 1. pkg-config, with the compiler alone.
read -r -a cflags <<<"$(pkg-config --cflags taper)"
read -r -a libs <<<"$(pkg-config --libs taper)"
read -r -a static_libs <<<"$(pkg-config --static --libs taper)"
warn=(-Wall -Wextra -Werror -pedantic)
$cc -std=c11 "${warn[@]}" "${cflags[@]}" "$source/main.c" -o "$work/pc_c" "${libs[@]}"
must_run "$work/pc_c"
# The archive by its path, since -ltaper would take the shared library beside it.
$cc -std=c11 "${warn[@]}" "${cflags[@]}" "$source/main.c" -o "$work/pc_static_c" \
    "$libdir/libtaper.a" "${static_libs[@]/#-ltaper/-lm}"
must_run "$work/pc_static_c"
if [ -n "$cxx" ]; then
    $cxx -std=c++17 "${warn[@]}" "${cflags[@]}" "$source/main.cpp" -o "$work/pc_cxx" "${libs[@]}"
    must_run "$work/pc_cxx"
fi

# 2. find_package.
options=(-DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Release)
[ -z "$cxx" ] || options+=(-DCMAKE_CXX_COMPILER="$cxx" -DWITH_CXX=ON)
cmake -S "$source" -B "$work/cmake" "${options[@]}" >"$work/cmake.log" 2>&1 || {
    cat "$work/cmake.log"
    fail "find_package"
}
cmake --build "$work/cmake" >>"$work/cmake.log" 2>&1 || {
    cat "$work/cmake.log"
    fail "building with find_package"
}
must_run "$work/cmake/main_c"
must_run "$work/cmake/main_static_c"
[ -z "$cxx" ] || must_run "$work/cmake/main_cxx"
