# Vefa's commands. `make run` and `make test` are the two that matter.
.DEFAULT_GOAL := help
.PHONY: help run dev demo backup restore migrate test bench format format-check openapi

SWIFT_SOURCES := Package.swift Shared Services gateway Tests

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# The launcher must not outlive make, not even after kill -9.
run dev: export VEFA_STOP_WITH_PARENT := 1
run: ## build (release) and run the five executables on loopback; Ctrl-C stops them
	@compose/local

dev: export VEFA_BUILD := debug
dev: ## the same with the debug build
	@compose/local

demo: export VEFA_KEY := $(or $(KEY),$(VEFA_KEY),$(VEFA_BOOTSTRAP_SECRET_KEY))
demo: ## a year of a made-up shop into a running suite: make demo KEY=sk_… [URL=http://127.0.0.1:8080] [SEED=7] [UNTIL=2026-11-22]
	@command -v python3 >/dev/null || { echo 'demo: python3 (3.9 or newer) is needed, and not on the PATH'; exit 1; }
	@python3 -B compose/demo $(if $(URL),--url '$(URL)') $(if $(SEED),--seed '$(SEED)') $(if $(UNTIL),--until '$(UNTIL)')

backup: export VEFA_KEY := $(or $(KEY),$(VEFA_KEY),$(VEFA_BOOTSTRAP_SECRET_KEY))
backup: export VEFA_URL := $(URL)
backup: ## copies of the five stores of a running suite: make backup KEY=sk_… [URL=http://127.0.0.1:8080]
	@compose/backup

restore: export FROM := $(FROM)
restore: ## put a backup in the place of the stores of a suite that is not running: make restore FROM=.vefa/backups/backup_…
	@compose/restore

migrate: export FROM := $(FROM)
migrate: export TO := $(TO)
migrate: ## move a service's store to the other engine: make migrate FROM=sqlite:///… TO=postgres://…
	@compose/migrate

test: ## build and run all tests, with a summary
	@Tests/run

bench: export BENCH_ENGINE := $(or $(ENGINE),$(BENCH_ENGINE),sqlite)
bench: ## measure; prints ratios of one run: make bench [ENGINE=postgres]
	@Tests/Benchmarks/run

format: ## format all Swift sources in place
	swift format format --in-place --parallel --recursive $(SWIFT_SOURCES)

format-check: ## name what `make format` would change; fails if there is something
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

openapi: ## validate docs/openapi.yaml
	@python3 -c 'import openapi_spec_validator' 2>/dev/null \
		|| { echo 'openapi: pip install openapi-spec-validator first'; exit 1; }
	python3 -m openapi_spec_validator docs/openapi.yaml
