# SPDX-License-Identifier: Apache-2.0
# A thin face over Meson, for those who type `make`. BUILD names the build folder: make BUILD=build-x check

BUILD ?= build
SETUP ?=

.PHONY: all check demo install deps lint asan tsan fuzz configure clean

all: configure
	@ninja -C $(BUILD)

# Configured at first, and again when a source file has come or gone (see tools/list-sources).
configure:
	@test -f $(BUILD)/build.ninja || meson setup $(SETUP) $(BUILD)
	@tools/list-sources --all > $(BUILD)/sources.new
	@cmp -s $(BUILD)/sources.new $(BUILD)/sources || { \
		meson setup --reconfigure $(SETUP) $(BUILD) > $(BUILD)/reconfigure.log || \
			{ cat $(BUILD)/reconfigure.log; exit 1; }; \
		mv $(BUILD)/sources.new $(BUILD)/sources; }

clean:
	@test ! -f $(BUILD)/build.ninja || ninja -C $(BUILD) clean
