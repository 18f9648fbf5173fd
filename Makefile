# `make run` and `make test` are all that is needed; both install what is missing from Debian.
SWIFT_FLAGS = --explicit-target-dependency-import-check error
SWIFT_SOURCES = Package.swift Sources Tests

.PHONY: run build test fmt lint bench clean

run: build
	@exec .build/release/martlet serve

build:
	@scripts/setup
	@echo "Building (the first time takes some minutes)"
	@swift build -c release --product martlet $(SWIFT_FLAGS) --quiet

test:
	@scripts/setup test
	@swift build -c release --product martlet $(SWIFT_FLAGS) --quiet
	@scripts/test

# One author, 1,000 connected followers, 200 posts at 50 a second: from POST to frame.
bench: build
	@swift build -c release --product martlet-bench $(SWIFT_FLAGS) --quiet
	@scripts/bench

fmt:
	@swift format format --in-place --recursive --parallel $(SWIFT_SOURCES)

lint:
	@swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)

clean:
	@rm -rf .build
