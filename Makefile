# SPDX-License-Identifier: Apache-2.0
# A thin face over Meson, for those who type `make`. BUILD names the build folder: make BUILD=build-x check

BUILD ?= build
# More arguments for meson setup, such as -Dwerror=true.
SETUP ?=
# Sanitized and fuzzing builds stand beside the ordinary one.
CONFIGURE = tools/configure
PREFIX ?= /usr/local

.PHONY: products all check check-long prove catalogue unit integration demo kernel install deps lint asan tsan fuzz configure clean

# What a user needs; `make all` adds the tests, fuzz targets and benchmarks.
products: configure
	@ninja -C $(BUILD) products

all: configure
	@ninja -C $(BUILD)

# Configures at first, and again when a source file has come or gone (see tools/list-sources).
configure:
	@$(CONFIGURE) $(BUILD) $(SETUP)

deps:
	@tools/install-needs

check: deps all
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --no-suite long

# Tests that take more boots than each change needs.
check-long: deps all
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite long

# Every case, clean and under its sabotage, on the demo image.
prove: deps products
	@tests/images/build debian-12-uefi
	@$(BUILD)/assay prove "$$(tests/images/build --path debian-12-uefi)"

# A page for each case, an index, and which of the peers' cases are covered.
catalogue: products
	@tools/make-catalogue $(BUILD)/assay $(BUILD)/catalogue
	@tools/make-rules $(BUILD)/assay
	@tools/make-backlog $(BUILD)/assay

unit: all
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite unit --suite fuzz

integration: all
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite integration

demo: deps products
	@tools/demo $(BUILD)/assay

# A kernel for the micro-VM that reads XFS, btrfs and f2fs, for hosts without one of their own that will do.
kernel:
	@tests/images/kernel

# As root it writes logs into the build folder, which must not become root's: the next `make` is a user's.
install: configure
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@ninja -C $(BUILD) products
	@meson install -C $(BUILD) --quiet --no-rebuild
	@test "$$(id -u)" != 0 || chown -R --reference=Makefile $(BUILD)

lint:
	@tools/install-needs --lint
	@.ci/run --lint

asan:
	@$(CONFIGURE) $(BUILD)-asan -Db_sanitize=address,undefined -Db_lundef=false $(SETUP)
	@ninja -C $(BUILD)-asan
	@meson test -C $(BUILD)-asan --no-rebuild --print-errorlogs --suite unit --suite fuzz

tsan:
	@$(CONFIGURE) $(BUILD)-tsan -Db_sanitize=thread -Db_lundef=false $(SETUP)
	@ninja -C $(BUILD)-tsan
	@meson test -C $(BUILD)-tsan --no-rebuild --print-errorlogs --suite unit

fuzz:
	@tools/install-needs --lint
	@CC=clang $(CONFIGURE) $(BUILD)-fuzz -Dfuzzer=true -Db_sanitize=address,undefined -Db_lundef=false $(SETUP)
	@ninja -C $(BUILD)-fuzz
	@echo "Run one: $(BUILD)-fuzz/tests/fuzz/fuzz-NAME tests/fuzz/corpus/NAME"

clean:
	@test ! -f $(BUILD)/build.ninja || ninja -C $(BUILD) clean
