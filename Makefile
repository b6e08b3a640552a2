# The two commands a newcomer needs: `make demo` and `make test`. All of it is CMake presets underneath.
JOBS ?= $(shell nproc)

.PHONY: help setup setup-test build run demo test test-packages test-asan test-tsan soak bench fuzz docs check format clean

help:
	@echo "make demo      set up, build, and show the service with synthetic users (FOR=seconds to end by itself)"
	@echo "make test      set up, build, and pass the tests"
	@echo "make test-packages   take the library into outside projects in each way and by each compiler, from its sources too"
	@echo "make build     set up, and build the service: build/release/bin/health-agent"
	@echo "make run       build, and run the service with the settings of .env"
	@echo "make test-asan / test-tsan   the same tests under AddressSanitizer + UBSan / ThreadSanitizer"
	@echo "make soak      load the service on PostgreSQL and Redis for MINUTES (30): memory, open files and p99 stay flat"
	@echo "make bench     measure what the monitoring costs"
	@echo "make fuzz      run the fuzzers (FUZZ_SECONDS for each)"
	@echo "make docs      write the reference of the public headers: build/reference/html/index.html"
	@echo "make check     format, lint, and the rules of the house"
	@echo "make format    format every source file"
	@echo "make clean     remove build/"

setup:
	@scripts/bootstrap

setup-test:
	@scripts/bootstrap test

# Configured anew where the presets have changed.
build/%/build.ninja: CMakePresets.json
	cmake --preset $*

build: setup build/release/build.ninja
	cmake --build --preset release --target health-agent -j $(JOBS)

run: build
	build/release/bin/health-agent

demo: build
	build/release/bin/health-agent --demo $(if $(FOR),--for $(FOR))

test: setup-test build/release/build.ninja
	cmake --build --preset release -j $(JOBS)
	scripts/run-tests build/release --output-on-failure -LE package

test-packages: setup-test build/release/build.ninja
	cmake --build --preset release -j $(JOBS)
	TEST_JOBS=$(JOBS) scripts/run-tests build/release --output-on-failure -L package

test-asan test-tsan: test-%: setup-test build/%/build.ninja
	cmake --build --preset $* -j $(JOBS)
	scripts/run-tests build/$* --output-on-failure

soak: setup-test build/release/build.ninja
	cmake --build --preset release --target soak -j $(JOBS)
	build/release/bin/soak $(or $(MINUTES),30)

bench:
	@scripts/bootstrap bench
	cmake --preset bench
	cmake --preset floor
	cmake --build --preset bench -j $(JOBS)
	cmake --build --preset floor --target health-agent -j $(JOBS)
	bench/run

fuzz:
	@scripts/bootstrap check
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)
	fuzz/run

docs:
	@command -v doxygen >/dev/null || scripts/bootstrap check
	@mkdir -p build
	doxygen docs/Doxyfile

check:
	@scripts/bootstrap check
	scripts/check
	scripts/check-test

format:
	@scripts/bootstrap check
	git ls-files -z '*.h' '*.cc' | xargs -0 clang-format -i

clean:
	rm -rf build
