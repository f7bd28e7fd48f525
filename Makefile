# The everyday commands. `make help` lists them; CMake does the work.
# Variables: CC, JOBS, PRESET (release), PREFIX (/usr/local), DESTDIR, NO_INSTALL=1 (only check what
# is missing), CMAKE_ARGS (more options for cmake).
PRESET ?= release
BUILD  ?= build/$(PRESET)
PREFIX ?= /usr/local
JOBS   ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
CMAKE_ARGS ?=
# The one that has PyTorch, for `make bench`.
PYTHON ?= /usr/bin/python3

# Ninja when present. A folder once configured keeps the generator it has.
ifneq ($(shell command -v ninja 2>/dev/null),)
export CMAKE_GENERATOR ?= Ninja
endif

configure   = cmake --preset $(PRESET) -B $(BUILD) $(1) $(CMAKE_ARGS)
build       = cmake --build $(BUILD) --parallel $(JOBS)

.DEFAULT_GOAL := all
.PHONY: all demo test bench install uninstall format lint docs clean help

## all        what `make` alone does: the library and the command
all:
	@scripts/setup.sh build
	@$(call configure)
	@$(build) --target taper_all

## demo       install what is missing, build, and watch a network learn handwritten digits
demo: all
	@scripts/demo.sh $(BUILD)

## test       build and run every test
test:
	@scripts/setup.sh test
	@$(call configure,-DTAPER_TESTS=ON)
	@$(build)
	@ctest --test-dir $(BUILD) --output-on-failure --parallel 2

## bench      our workloads and the same in PyTorch, one table
bench:
	@scripts/setup.sh bench
	@$(call configure,-DTAPER_BENCH=ON)
	@$(build) --target bench_gemm bench_conv bench_steps
	@$(BUILD)/bench/bench_gemm --json $(BUILD)/gemm.json
	@$(BUILD)/bench/bench_conv --json $(BUILD)/conv.json
	@$(PYTHON) bench/compare.py $(BUILD)/bench/bench_steps --out $(BUILD)/bench.json

## install    to PREFIX (/usr/local), below DESTDIR if given
install: all
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)" --strip

## uninstall  removes what `make install` put there
uninstall:
	@sed 's|^|$(DESTDIR)|' $(BUILD)/install_manifest.txt | tr '\n' '\0' | xargs -0 rm -fv

## format     lay out the sources by .clang-format
format:
	@scripts/setup.sh lint
	@scripts/format.sh

## lint       look for mistakes: clang-format, clang-tidy
lint:
	@scripts/setup.sh test lint
	@scripts/lint.sh

## docs       the reference, in build/release/docs/html
docs:
	@scripts/setup.sh docs
	@$(call configure)
	@cmake --build $(BUILD) --target docs

## clean      removes every build
clean:
	rm -rf build

## help       this list
help:
	@sed -n 's/^## /  make /p' $(firstword $(MAKEFILE_LIST))
