# Everything a newcomer needs. `make demo` and `make test` set the machine up by themselves.
.DEFAULT_GOAL := help
CONFIGURATION := Release
ARGS ?=
BENCH ?= all
# The built programs look for the runtime here; an SDK that is only on the PATH is found, too.
export DOTNET_ROOT ?= $(shell dirname "$$(readlink -f "$$(command -v dotnet)")" 2>/dev/null)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install missing Debian packages, prepare the guest's kernel and initramfs
	@./scripts/setup

build: setup ## build everything; programs go to out/bin
	@./scripts/build

test: build ## build, then run every test
	@./scripts/test

demo: build ## two nodes, one guest, migrated under traffic (ARGS=--json for one JSON object)
	@./out/bin/migration demo $(ARGS)

bench: build ## the figures we hold ourselves to (BENCH=name, ARGS=--json)
	@./out/bin/migration bench $(BENCH) $(ARGS)

images: build ## assemble the container images, as OCI archives in out/images
	@./scripts/images

lint: ## formatting and analyzers, no changes made
	@dotnet format Migration.sln --verify-no-changes --severity warn

clean: ## remove what was built
	@dotnet clean Migration.sln -c $(CONFIGURATION) -v q --nologo >/dev/null 2>&1 || true
	@rm -rf out

.PHONY: help setup build test demo bench images lint clean
