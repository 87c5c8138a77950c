# The front door. It installs what is missing, and calls CMake's presets, which work without it too.

PRESET ?= release
BUILD := build/$(PRESET)
PREFIX ?= /usr/local
export YES

# One compiler a core, and no more than the free memory carries at 1.5 GB each.
CORES := $(shell nproc 2>/dev/null || echo 2)
JOBS ?= $(shell awk -v cores=$(CORES) '/^MemAvailable/ { n = int($$2 / 1572864) } \
  END { if (n < 1) n = 1; print (n < cores ? n : cores) }' /proc/meminfo 2>/dev/null || echo 1)

# Ninja keeps to one line on a terminal; elsewhere it says only what goes wrong.
NINJA_QUIET := $(shell [ -t 1 ] || echo -- --quiet)

# $(call configure,options): quiet unless it fails.
configure = @mkdir -p $(BUILD) && echo "Configuring $(BUILD) ..." && \
  { cmake --preset $(PRESET) $(1) > $(BUILD)/configure.log 2>&1 || { cat $(BUILD)/configure.log; exit 1; }; } && \
  { grep '^stet: ' $(BUILD)/configure.log || true; }
# $(call compile,targets)
compile = @echo "Building $(BUILD) with $(JOBS) jobs ..." && \
  cmake --build $(BUILD) -j $(JOBS) $(addprefix --target ,$(1)) $(NINJA_QUIET)

# The demo and the installation need no tests, nor their packages; a folder that has the tests keeps them.
SLIM = $(if $(shell grep -s STET_BUILD_TESTS:BOOL=ON $(BUILD)/CMakeCache.txt),,\
  -DSTET_BUILD_TESTS=OFF -DSTET_BUILD_BENCH=OFF)

.PHONY: help demo build test debug asan tsan cuda exhaustive proof fuzz install docs package format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo             train on generated digits, kill half way, resume: the same bits"
	@echo "make test             build everything and run every test"
	@echo "make build            build everything; programs land in build/release/bin"
	@echo "make debug asan tsan  the tests under preset debug, asan (address, undefined behaviour), tsan (threads)"
	@echo "make cuda             the tests under preset cuda: a GPU's kernels by nvcc, too"
	@echo "make exhaustive       the tests that take every one of 2^32 inputs"
	@echo "make proof            the same bits from every compiler, level of optimisation and architecture, and samples of exhaustive"
	@echo "make fuzz             libFuzzer on every reader of files, MINUTES=10 each, by clang under the sanitizers"
	@echo "make install          build, then install below PREFIX=$(PREFIX)"
	@echo "make docs             the reference of every public name, by Doxygen: build/docs/html/index.html"
	@echo "make package          a Debian package of the libraries, headers and the program stet: build/stet_*.deb"
	@echo "make format           format the sources with clang-format"
	@echo "make clean            remove build/"
	@echo
	@echo "PRESET=release|debug|asan|tsan|cuda chooses another preset, JOBS=N the number of jobs, YES=1 answers yes."

demo:
	@cmake/setup.sh build
	$(call configure,$(SLIM))
	$(call compile,demo)
	@STET_BIN=$(CURDIR)/$(BUILD)/bin examples/demo.sh

build:
	@cmake/setup.sh build test
	$(call configure,)
	$(call compile,)

test: build
	@ctest --preset $(PRESET) -j $(JOBS)

debug asan tsan cuda:
	@$(MAKE) --no-print-directory test PRESET=$@

exhaustive: build
	@ctest --preset $(PRESET) -C exhaustive -L exhaustive

proof: build
	@cmake/setup.sh ci aarch64
	@JOBS=$(JOBS) tests/digest/proof.sh $(BUILD)

MINUTES ?= 10
fuzz:
	@cmake/setup.sh build test ci
	@mkdir -p build/fuzz && echo "Configuring build/fuzz ..." && \
	  { CC=clang CXX=clang++ cmake --preset asan -B build/fuzz -DSTET_FUZZ=ON -DSTET_BUILD_EXAMPLES=OFF > build/fuzz/configure.log 2>&1 || \
	  { cat build/fuzz/configure.log; exit 1; }; }
	@echo "Building build/fuzz with $(JOBS) jobs ..." && cmake --build build/fuzz -j $(JOBS) --target fuzzers $(NINJA_QUIET)
	@tests/fuzz/run.sh build/fuzz/bin $(MINUTES)

install:
	@cmake/setup.sh build
	$(call configure,$(SLIM))
	$(call compile,)
	@cmake --install $(BUILD) --prefix $(PREFIX) > $(BUILD)/install.log
	@echo "Installed below $(PREFIX); $(BUILD)/install.log lists the files."

docs:
	@cmake/setup.sh docs
	@mkdir -p build/docs && doxygen docs/Doxyfile && echo "build/docs/html/index.html"

package:
	@cmake/setup.sh build package
	@mkdir -p build/package && echo "Configuring build/package ..." && \
	  { cmake --preset release -B build/package -DSTET_BUILD_TESTS=OFF -DSTET_BUILD_BENCH=OFF -DSTET_BUILD_EXAMPLES=OFF \
	  -DSTET_PACKAGE=ON -DCMAKE_INSTALL_PREFIX=/usr > build/package/configure.log 2>&1 || { cat build/package/configure.log; exit 1; }; }
	@echo "Building build/package with $(JOBS) jobs ..." && cmake --build build/package -j $(JOBS) $(NINJA_QUIET)
	@cd build/package && cpack -G DEB > package.log && mv stet*.deb .. && ls ../stet*.deb | sed 's|^..|build|'

format:
	@git ls-files '*.h' '*.cpp' '*.cu' | xargs $$(command -v clang-format-14 || echo clang-format) -i

clean:
	@rm -rf build
