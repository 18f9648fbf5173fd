# `make run` and `make test` are all that is needed; both install what is missing from Debian.
SWIFT_FLAGS = --explicit-target-dependency-import-check error
SWIFT_SOURCES = Package.swift Sources Tests
# What `martlet --version` says; none where this is no clone.
COMMIT = $(shell git describe --always --exclude '*' --abbrev=12 --dirty 2>/dev/null)

.PHONY: run build dlq test check test-kafka test-apart test-all fuzz fmt lint bench torture mutations rolling clean

run: build
	@exec .build/release/martlet serve

build:
	@scripts/setup
	@echo "Building (the first time takes some minutes)"
	@BUILD_COMMIT=$(COMMIT) swift build -c release --product martlet $(SWIFT_FLAGS) --quiet

# Everything but what is long; without a Kafka what needs one is skipped, and said once (scripts/test-kafka).
test:
	@scripts/setup test
	@scripts/test

# Format, and what needs no server: a minute after a build.
check:
	@scripts/setup test
	@scripts/test check

# Only what differs with a Kafka.
test-kafka:
	@scripts/setup test
	@scripts/test kafka

# What takes a build of its own, for two of the torture's deliberate bugs, or a machine for itself: instructions of live connections.
test-apart:
	@scripts/setup test
	@scripts/test apart

# And what is long: hours.
test-all:
	@scripts/setup test
	@scripts/test all

# Hostile input for every parser (Tests/Fuzz/README.md).
INPUTS = 1000000
fuzz:
	@scripts/setup
	@scripts/fuzz --inputs $(INPUTS)

# One author, 1,000 connected followers, 200 posts at 50 a second: from POST to frame.
bench: build
	@swift build -c release --product martlet-bench $(SWIFT_FLAGS) --quiet
	@scripts/bench

# Faults for SECONDS against clients who write down what they see (Tests/Torture/README.md).
SECONDS = 60
SEED = 1
TOPOLOGY = roles
torture: build
	@scripts/setup test
	@scripts/venv
	@.build/test-venv/bin/python Tests/Torture/torture.py --seconds $(SECONDS) --seed $(SEED) --topology $(TOPOLOGY)

# What consumer groups could not do: `make dlq`, or `make dlq DLQ="redrive --group notifications"`.
DLQ = list
dlq: build
	@.build/release/martlet dlq $(DLQ)

# Each deliberate bug (Tests/Torture/mutations) must be caught by it.
mutations:
	@scripts/setup test
	@scripts/venv
	@.build/test-venv/bin/python Tests/Torture/mutations.py

# Rolling restarts of all roles behind nginx.
ROLLS = 100
rolling: build
	@scripts/setup test
	@scripts/venv
	@.build/test-venv/bin/python Tests/Torture/rolling.py --rolls $(ROLLS)

fmt:
	@swift format format --in-place --recursive --parallel $(SWIFT_SOURCES)

lint:
	@swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	@scripts/structure
	@scripts/names

clean:
	@rm -rf .build
