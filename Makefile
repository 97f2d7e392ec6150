# What CI runs: everything a change must pass.
.PHONY: presubmit
presubmit:
	.ci/run

.PHONY: test
test:
	go test ./...

# Rewrites the golden files; read the difference before you commit it.
.PHONY: golden
golden:
	go test ./report -update
	go test ./world/kernel -run TestStories -rewrite
	go test ./command -run Documents -update-docs
