.DEFAULT_GOAL := help
.PHONY: help synth test lint bench e2e imports

INSTALLED := node_modules/.package-lock.json
TS := node -r ts-node/register/transpile-only

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

synth: $(INSTALLED) ## write dist for every platform and environment
	@bin/mooring synth

test: $(INSTALLED) ## install what the tests need, run every check and test
	@$(TS) test/support/install.ts
	@npm test --silent

lint: $(INSTALLED) ## format, types, arrows between folders, shell scripts
	@npm run lint --silent

bench: $(INSTALLED) ## measure against public tools; prints ratios
	@$(TS) bench/run.ts
	@$(TS) bench/backup.ts
	@$(TS) bench/restore-swap.ts

e2e: $(INSTALLED) ## deploy to a real cluster: that of KUBECONFIG, or one brought up for it
	@$(TS) test/e2e/run.ts

imports: $(INSTALLED) ## generate the typed classes of imports/crds
	@npm run imports --silent

$(INSTALLED): package.json package-lock.json
	npm ci
	@touch $@
