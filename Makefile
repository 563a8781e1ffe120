# `make` alone prints this list. Everything here needs Go and nothing else,
# unless the line says so.

SHELL := /bin/bash
.DEFAULT_GOAL := help

FUNCTIONS := predict train-trigger model-registry trainer batch authorizer
# lambda.norpc leaves out the way Go was run on Lambda before provided.al2, and
# nethttpomithttp2 what the SDK's calls do not speak (boot's transport is HTTP/1.1).
GO_TAGS   := lambda.norpc,nethttpomithttp2
# The revision goes into the lineage of what is trained. Go's own stamp would
# also hold the time of the commit and the state of the tree.
REVISION  ?= $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
GO_FLAGS  := -trimpath -buildvcs=false -tags $(GO_TAGS) -ldflags '-s -w -X godwit/shared/settings.revision=$(REVISION)'
GO_BUILD  := CGO_ENABLED=0 go build $(GO_FLAGS)
HOST_ARCH := $(shell go env GOARCH 2>/dev/null)
LOCAL     := .build/godwit-local

# The architecture of the deployed bundle. SAM does not hand it to a makefile
# build, so it is said once here and must equal the template's parameter.
LAMBDA_ARCH   ?= arm64
GOARCH_arm64  := arm64
GOARCH_x86_64 := amd64

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: have-go
have-go:
	@command -v go >/dev/null || { echo "Go is not on the PATH: install Go 1.26 or newer from https://go.dev/dl/" >&2; exit 1; }

.PHONY: stage
stage: have-go # the functions for this machine, and the local stage
	@for f in $(FUNCTIONS); do mkdir -p .build/host/$$f && GOOS=linux GOARCH=$(HOST_ARCH) $(GO_BUILD) -o .build/host/$$f/bootstrap ./functions/$$f || exit 1; done
	@[ ! -d .build/host/onnxruntime ] || GOOS=linux GOARCH=$(HOST_ARCH) $(GO_BUILD) -o .build/host/onnxruntime/bootstrap ./functions/onnxruntime # what was built once stays like the rest
	@GOWORK=off CGO_ENABLED=0 go build -C functions/local -trimpath -buildvcs=false -o $(CURDIR)/$(LOCAL) .

.PHONY: run
run: stage ## start everything on this machine and stay up (Ctrl-C stops; AUTH=on asks for keys)
	@GODWIT_AUTH=$(if $(filter on,$(AUTH)),key,local) exec $(LOCAL) serve

.PHONY: demo
demo: stage ## the main job once, end to end: upload, train, evaluate, predict
	@$(LOCAL) demo

# Packages of a module whose tests run side by side: who waits for a repeat or a
# server leaves the cores to others. The slowest are begun first.
TEST_PACKAGES ?= 4
TEST_FIRST    := $(addprefix ./shared/,training bench apitest/suite world dynamo ml/linear/cocoa)

.PHONY: test
test: have-go ## everything a change must pass, offline, with the race detector
	@test -z "$$(gofmt -l functions shared)" || { echo "not formatted:"; gofmt -l functions shared; exit 1; }
	go vet ./...
	cd functions/local && GOWORK=off go vet ./...
	@$(MAKE) --no-print-directory -j 2 test-product test-stage # the second waits for the programs it starts and kills

# -vet=off: the lines above did that.
.PHONY: test-product test-stage
test-product:
	go test -race -vet=off -p $(TEST_PACKAGES) $(TEST_FIRST) ./...
test-stage:
	cd functions/local && GOWORK=off go test -race -vet=off -count=1 -p $(TEST_PACKAGES) ./... # -count=1: they read files above this module, which the cache does not see

.PHONY: doctor
doctor: have-go ## what is wrong with FILE=train.csv, where, and how to fix it, before training
	@test -n "$(FILE)" || { echo "name the file: make doctor FILE=train.csv" >&2; exit 2; }
	@go run ./shared/doctor "$(FILE)"

.PHONY: fuzz
fuzz: have-go ## every fuzz target for FUZZTIME (5s) each
	@.ci/fuzz $(or $(FUZZTIME),5s)

.PHONY: test-accept
test-accept: have-go ## what a user does, with the plain AWS CLI (needs aws, curl, python3; DATA=folder)
	@.ci/acceptance

.PHONY: test-api
test-api: have-go ## everything the API promises, asked over HTTP (URL=http://127.0.0.1:3000 KEY=gw_...)
	@GODWIT_KEY="$(KEY)" go run ./shared/apitest -url "$(URL)"

.PHONY: test-faults
test-faults: have-go ## SCHEDULES=20000 seeded fault schedules from SEED=1, broken lines, kill -9 at every step
	@set -o pipefail; GODWIT_SEED=$(or $(SEED),1) GODWIT_SCHEDULES=$(or $(SCHEDULES),20000) go test -count=1 -v ./shared/world | grep -vE '^=== |^ +--- PASS'
	go test -count=1 -run 'troubled|silence|stalled|damaged|Lost|Line|stage' ./shared/stagetest ./shared/dynamo ./shared/s3blob ./shared/stepfn
	cd functions/local && GOWORK=off go test -count=1 -run 'Surviv|Kill' ./...

.PHONY: soak
soak: stage ## load, promotions and kills on a stage of its own, every answer checked (DURATION=60s RATE=50)
	@go run ./shared/soak -duration $(or $(DURATION),60s) -rate $(or $(RATE),50)

.PHONY: bench
bench: stage ## our figures, the peers' and the ratio (DATA=folder PEERS=folder ONLY=group FRESH=1)
	@go build -o .build/bench/bench ./shared/bench
	@.build/bench/bench $(if $(DATA),-data $(DATA)) $(if $(PEERS),-peers $(PEERS)) $(if $(ONLY),-only $(ONLY)) $(if $(FRESH),-fresh)

.PHONY: bench-quality
bench-quality: have-go ## `algorithm: auto` and networks on published test rows, beside the best peer (DATA=folder SET=name SEED=1 FRESH=1)
	@go run ./shared/bench quality $(if $(DATA),-data $(DATA)) $(if $(PEERS),-peers $(PEERS)) $(if $(SET),-set "$(SET)") $(if $(SEED),-seed $(SEED)) $(if $(FRESH),-fresh)

.PHONY: bench-neural
bench-neural: have-go ## networks for images and texts to the end, beside PyTorch and ONNX Runtime (SET=name SEED=1 FRESH=1)
	@go run ./shared/bench neural $(if $(SET),-set $(SET)) $(if $(SEED),-seed $(SEED)) $(if $(FRESH),-fresh)

.PHONY: bench-scale
bench-scale: have-go ## one machine, blocks of classes and shards of rows: objective, rounds, bytes, dollars (DATA=folder SET=name)
	@go run ./shared/bench sharded $(if $(DATA),-data $(DATA)) $(if $(SET),-set $(SET))

.PHONY: bench-growth
bench-growth: have-go ## how time and memory grow from 1,000 rows to 100,000 (FULL=1: to a million)
	@go run ./shared/bench growth $(if $(FULL),-to 1000000)

.PHONY: plan
plan: have-go ## time and dollars from 10^4 to 10^10 rows and 1 to 100,000 predictions a second (DATA=folder)
	@go run ./shared/plan -measure $(if $(DATA),-data $(DATA))

.PHONY: build
build: have-go ## the deployable functions, static, for arm64 and x86_64, in .build/
	@for a in arm64 x86_64; do for f in $(FUNCTIONS); do \
	  goarch=$$( [ $$a = arm64 ] && echo arm64 || echo amd64 ); mkdir -p .build/$$a/$$f; \
	  GOOS=linux GOARCH=$$goarch $(GO_BUILD) -o .build/$$a/$$f/bootstrap ./functions/$$f || exit 1; \
	  printf '%-8s %-16s %9d bytes\n' $$a $$f $$(stat -c %s .build/$$a/$$f/bootstrap); done; done

# The optional function: a program that loads a library, and so is linked against
# glibc although it is built without cgo.
ONNX_RUNTIME ?= off

.PHONY: build-onnxruntime
build-onnxruntime: have-go ## the optional function with ONNX Runtime, for the stage and both architectures (needs npm)
	@for a in host arm64 x86_64; do \
	  arch=$$( [ $$a = host ] && { [ $(HOST_ARCH) = arm64 ] && echo arm64 || echo x86_64; } || echo $$a ); \
	  mkdir -p .build/$$a/onnxruntime && GOOS=linux GOARCH=$$( [ $$arch = arm64 ] && echo arm64 || echo amd64 ) $(GO_BUILD) -o .build/$$a/onnxruntime/bootstrap ./functions/onnxruntime && \
	  functions/onnxruntime/library $$arch .build/$$a/onnxruntime || exit 1; \
	  printf '%-8s %-16s %9d bytes and a library of %d\n' $$a onnxruntime $$(stat -c %s .build/$$a/onnxruntime/bootstrap .build/$$a/onnxruntime/libonnxruntime.so.1); done

.PHONY: programs tags
programs: # what build makes, for scripts
	@echo $(FUNCTIONS)
tags: # what it is built with
	@echo $(GO_TAGS)

.PHONY: audit
audit: have-go ## known vulnerabilities and careless code, both modules (needs the tools' modules)
	@.ci/supply/run vuln gosec

.PHONY: sbom
sbom: have-go ## what each program is made of, as CycloneDX, in .build/sbom/ (needs the tool's modules)
	@.ci/supply/run sbom

.PHONY: reproduce
reproduce: have-go ## build every program twice, in two places, and compare the bytes
	@.ci/supply/run reproduce

# SAM calls build-<LogicalId> with ARTIFACTS_DIR set. It builds every function of
# the template, whatever its condition: that with ONNX Runtime gets its library,
# and needs npm, only when it is deployed.
build-PredictFunction:      FUNCTION = predict
build-TrainTriggerFunction: FUNCTION = train-trigger
build-RegistryFunction:     FUNCTION = model-registry
build-TrainerFunction:      FUNCTION = trainer
build-BatchFunction:        FUNCTION = batch
build-AuthorizerFunction:   FUNCTION = authorizer
.PHONY: build-PredictFunction build-TrainTriggerFunction build-RegistryFunction build-TrainerFunction build-BatchFunction build-AuthorizerFunction
build-PredictFunction build-TrainTriggerFunction build-RegistryFunction build-TrainerFunction build-BatchFunction build-AuthorizerFunction:
	GOOS=linux GOARCH=$(GOARCH_$(LAMBDA_ARCH)) $(GO_BUILD) -o $(ARTIFACTS_DIR)/bootstrap ./functions/$(FUNCTION)

.PHONY: build-OnnxRuntimeFunction
build-OnnxRuntimeFunction:
	GOOS=linux GOARCH=$(GOARCH_$(LAMBDA_ARCH)) $(GO_BUILD) -o $(ARTIFACTS_DIR)/bootstrap ./functions/onnxruntime
	@[ "$(ONNX_RUNTIME)" != on ] || functions/onnxruntime/library $(LAMBDA_ARCH) $(ARTIFACTS_DIR)

.PHONY: image
image: have-go ## the trainer as container images of both architectures, without Docker, in .build/image/
	@for a in arm64 x86_64; do \
	  goarch=$$( [ $$a = arm64 ] && echo arm64 || echo amd64 ); mkdir -p .build/$$a/trainer .build/image; \
	  GOOS=linux GOARCH=$$goarch $(GO_BUILD) -o .build/$$a/trainer/bootstrap ./functions/trainer && \
	  GOWORK=off go run -C functions/local ./image -arch $$a -bootstrap $(CURDIR)/.build/$$a/trainer/bootstrap -out $(CURDIR)/.build/image/trainer-$$a.tar || exit 1; done

.PHONY: deploy
deploy: ## build and deploy to AWS with SAM (STAGE=dev|prod KEY=gw_... PARAMETERS="Alarms=on ...")
	@STAGE="$(STAGE)" KEY="$(KEY)" PARAMETERS="$(PARAMETERS)" LAMBDA_ARCH="$(LAMBDA_ARCH)" .ci/sam deploy

.PHONY: delete
delete: ## take a deployed stack away; its buckets and table stay (STAGE=dev|prod)
	@STAGE="$(STAGE)" .ci/sam delete

.PHONY: sam-local
sam-local: ## the API in SAM's containers, against the local stage's S3, DynamoDB and state machines (needs SAM, Docker)
	@.ci/sam local

.PHONY: clean
clean: ## remove what was built (the data folder .godwit stays)
	rm -rf .build .aws-sam
