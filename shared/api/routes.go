package api

import (
	"slices"

	"godwit/shared/access"
	"godwit/shared/fault"
)

// Function names the Lambda function that serves a route.
type Function string

// The functions with HTTP routes, by their folders.
const (
	PredictFunction  Function = "predict"
	TrainingFunction Function = "train-trigger"
	RegistryFunction Function = "model-registry"
)

// Route is one row of the table: it serves and it documents.
type Route struct {
	Method   string
	Pattern  string // as net/http.ServeMux and template.yaml write it
	Function Function
	Scope    access.Action // needed on the model; access.Nothing needs no key
	Summary  string        // one line for the OpenAPI page
	Noun     string        // what a 404 says there is none of

	Late    bool // the model stands in the body or in a record, where the scope is decided
	Aliased bool // {name} may be name@alias

	Request  any      // wire type of the body; nil: none
	Many     int      // the body may be an array of at most so many instead; 0: no
	Response any      // wire type of the answer; nil: empty
	Or       any      // another wire type it may be; nil: none
	Status   int      // of success
	Query    []Filter // not nil for lists: the filters besides limit and page_token
	Options  []Filter // query parameters of what is no list
	Takes    []string // media types of the body besides JSON
	Gives    []string // media types of the answer besides JSON

	Creates  bool // takes an Idempotency-Key
	Revised  bool // needs If-Match
	Guarded  bool // takes If-Match and does not need it
	Tagged   bool // answers with an ETag
	Failures []fault.Code

	serve func(*exchange) error
}

// Filter documents one query parameter.
type Filter struct {
	Name string
	Doc  string
	Enum []string // nil: any text
}

// listed marks a list without filters of its own.
var listed = []Filter{}

// Routes returns the whole table, a new copy each time.
func Routes() []Route { return slices.Concat(registryTable(), trainingTable(), predictTable()) }

// The table is made of one part for each function. A program links whatever the
// parts it names mention: predict is an eighth smaller without the registry's.

func registryTable() []Route {
	return slices.Concat(operationRoutes(), modelRoutes(), keyRoutes(), usageRoutes(), maintenanceRoutes(),
		versionRoutes(), exportRoutes(), aliasRoutes(), dataRoutes(), batchRoutes())
}

func trainingTable() []Route { return append(trainingRoutes(), batchStarts()...) }

func predictTable() []Route { return slices.Concat(oipRoutes(), shimRoutes(), predictRoutes()) }

// operationRoutes are about the service itself. /healthz alone needs no key.
func operationRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/healthz", Function: RegistryFunction, Summary: "Whether the service answers", Noun: "route",
			Response: Health{}, Status: 200, serve: health},
		{Method: "GET", Pattern: "/openapi.json", Function: RegistryFunction, Scope: access.Read, Summary: "This description", Noun: "route",
			Response: Document{}, Status: 200, serve: openAPI},
		{Method: "GET", Pattern: "/v1/whoami", Function: RegistryFunction, Scope: access.Read, Summary: "Who the key belongs to and what it may do", Noun: "route",
			Response: Caller{}, Status: 200, serve: whoami},
	}
}

// modelRoutes read and change models.
func modelRoutes() []Route {
	return []Route{
		{Method: "POST", Pattern: "/v1/models", Function: RegistryFunction, Late: true, Scope: access.Admin, Summary: "Register a model without versions", Noun: "model",
			Request: NewModel{}, Response: Model{}, Status: 201, Creates: true, Tagged: true, Failures: []fault.Code{fault.Conflict}, serve: createModel},
		{Method: "GET", Pattern: "/v1/models", Function: RegistryFunction, Scope: access.Read, Summary: "List models by name", Noun: "model",
			Response: Page[Model]{}, Status: 200, Query: modelFilters(), serve: listModels},
		{Method: "GET", Pattern: "/v1/models/{name}", Function: RegistryFunction, Scope: access.Read, Aliased: true, Summary: "A model; with name@alias the record of the version it serves", Noun: "model, version or alias",
			Response: Model{}, Or: Version{}, Status: 200, Tagged: true, serve: getModel},
		{Method: "PATCH", Pattern: "/v1/models/{name}", Function: RegistryFunction, Scope: access.Admin, Summary: "Change a model's description, tags or training settings", Noun: "model",
			Request: ModelPatch{}, Response: Model{}, Status: 200, Revised: true, Tagged: true, serve: patchModel},
		{Method: "DELETE", Pattern: "/v1/models/{name}", Function: RegistryFunction, Scope: access.Admin, Summary: "Delete a model with its versions, while no alias and no route is left", Noun: "model",
			Status: 204, Guarded: true, Failures: []fault.Code{fault.Conflict}, serve: deleteModel},
	}
}

// versionRoutes read versions, and change the little of one that may change.
func versionRoutes() []Route {
	version := func(suffix, summary string, response any, status int, serve func(*exchange) error) Route {
		return Route{Method: "GET", Pattern: "/v1/models/{name}/versions/{version}" + suffix, Function: RegistryFunction, Scope: access.Read,
			Summary: summary, Noun: "version", Response: response, Status: status, serve: serve}
	}
	one := version("", "One version", Version{}, 200, getVersion)
	one.Tagged = true
	page := version("/report", "The report on the version as a page to look at, or its figures as JSON", Metrics{}, 200, getReport)
	page.Gives, page.Options = asPage, reportOptions()
	metrics := version("/metrics", "How well the version does, in full", Metrics{}, 200, getMetrics)
	metrics.Failures = []fault.Code{fault.TooLarge} // a confusion matrix of 2,000 classes
	return []Route{
		{Method: "GET", Pattern: "/v1/models/{name}/compare", Function: RegistryFunction, Scope: access.Read, Summary: "What differs between two versions, and which is better", Noun: "model, version or alias",
			Response: VersionComparison{}, Status: 200, Options: compareOptions(), serve: compareVersions},
		{Method: "GET", Pattern: "/v1/models/{name}/versions", Function: RegistryFunction, Scope: access.Read, Summary: "List a model's versions, newest first", Noun: "model",
			Response: Page[Version]{}, Status: 200, Query: versionFilters(), serve: listVersions},
		one,
		{Method: "PATCH", Pattern: one.Pattern, Function: RegistryFunction, Scope: access.Admin, Summary: "Change a version's description or tags", Noun: "version",
			Request: VersionPatch{}, Response: Version{}, Status: 200, Revised: true, Tagged: true, serve: patchVersion},
		{Method: "DELETE", Pattern: one.Pattern, Function: RegistryFunction, Scope: access.Admin, Summary: "Delete a version no alias and no route points at; its number is not used again", Noun: "version",
			Status: 204, Guarded: true, Failures: []fault.Code{fault.Conflict}, serve: deleteVersion},
		metrics,
		version("/card", "What the version is, what it learned from, how good it is and what it goes by", Card{}, 200, getCard),
		page,
		version("/lineage", "What the version was made from", Lineage{}, 200, getLineage),
		version("/signature", "What the version takes and answers", Signature{}, 200, getSignature),
		version("/artifact", "Where to download the artifact (a redirect, valid for five minutes)", nil, 302, getArtifact),
	}
}

// aliasRoutes move pointers, aliases and the route; every change is conditional.
func aliasRoutes() []Route {
	const base, split = "/v1/models/{name}/aliases", "/v1/models/{name}/route"
	return []Route{
		{Method: "GET", Pattern: base, Function: RegistryFunction, Scope: access.Read, Summary: "All aliases of a model, by name", Noun: "model",
			Response: AliasList{}, Status: 200, serve: listAliases},
		{Method: "GET", Pattern: base + "/{alias}", Function: RegistryFunction, Scope: access.Read, Summary: "One alias", Noun: "alias",
			Response: Alias{}, Status: 200, Tagged: true, serve: getAlias},
		{Method: "PUT", Pattern: base + "/{alias}", Function: RegistryFunction, Scope: access.Admin, Summary: "Point an alias at a version", Noun: "alias or version",
			Request: AliasTarget{}, Response: Alias{}, Status: 200, Revised: true, Tagged: true, serve: putAlias},
		{Method: "DELETE", Pattern: base + "/{alias}", Function: RegistryFunction, Scope: access.Admin, Summary: "Remove an alias", Noun: "alias",
			Status: 204, Revised: true, Failures: []fault.Code{fault.Conflict}, serve: deleteAlias},
		{Method: "POST", Pattern: base + "/{alias}/rollback", Function: RegistryFunction, Scope: access.Admin, Summary: "Point an alias back to the version before, or to another", Noun: "alias or version",
			Request: Rollback{}, Response: Alias{}, Status: 200, Guarded: true, Tagged: true, Failures: []fault.Code{fault.Conflict}, serve: rollbackAlias},
		{Method: "GET", Pattern: base + "/{alias}/history", Function: RegistryFunction, Scope: access.Read, Summary: "Every change of an alias, newest first", Noun: "alias",
			Response: Page[AliasChange]{}, Status: 200, Query: listed, serve: aliasHistory},
		{Method: "GET", Pattern: split, Function: RegistryFunction, Scope: access.Read, Summary: "How the requests for the model's name are divided", Noun: "route",
			Response: ModelRoute{}, Status: 200, Tagged: true, serve: getRoute},
		{Method: "PUT", Pattern: split, Function: RegistryFunction, Scope: access.Admin, Summary: "Divide the requests for the model's name among versions", Noun: "model",
			Request: Routing{}, Response: ModelRoute{}, Status: 200, Revised: true, Tagged: true, serve: putRoute},
		{Method: "DELETE", Pattern: split, Function: RegistryFunction, Scope: access.Admin, Summary: "Remove the route: the champion serves alone", Noun: "route",
			Status: 204, Revised: true, serve: deleteRoute},
	}
}

// dataRoutes are data sets and the jobs that read them.
func dataRoutes() []Route {
	statuses := Filter{Name: "status", Doc: "only jobs in this status", Enum: jobStatuses}
	return []Route{
		{Method: "POST", Pattern: "/v1/datasets", Function: RegistryFunction, Late: true, Scope: access.Train, Summary: "Announce a data set and get the URL to upload it to", Noun: "model",
			Request: NewDataset{}, Response: Dataset{}, Status: 201, Creates: true, serve: createDataset},
		{Method: "GET", Pattern: "/v1/datasets", Function: RegistryFunction, Scope: access.Read, Summary: "List data sets, newest first", Noun: "data set",
			Response: Page[Dataset]{}, Status: 200, Query: listed, serve: listDatasets},
		{Method: "GET", Pattern: "/v1/datasets/{id}", Function: RegistryFunction, Late: true, Scope: access.Read, Summary: "One data set", Noun: "data set",
			Response: Dataset{}, Status: 200, serve: getDataset},
		{Method: "DELETE", Pattern: "/v1/datasets/{id}", Function: RegistryFunction, Late: true, Scope: access.Train, Summary: "Remove a data set and its file; models trained on it stay", Noun: "data set",
			Status: 204, Failures: []fault.Code{fault.Conflict}, serve: deleteDataset},
		{Method: "GET", Pattern: "/v1/datasets/{id}/issues", Function: RegistryFunction, Late: true, Scope: access.Read, Summary: "What training found wrong with the data", Noun: "data set",
			Response: Issues{}, Status: 200, Query: listed, Failures: []fault.Code{fault.Conflict}, serve: getIssues},
		{Method: "GET", Pattern: "/v1/datasets/{id}/profile", Function: RegistryFunction, Late: true, Scope: access.Read, Summary: "What the data is made of: sizes, classes, lengths, languages", Noun: "data set",
			Response: DatasetProfile{}, Status: 200, Failures: []fault.Code{fault.Conflict}, serve: getProfile},
		{Method: "GET", Pattern: "/v1/training-jobs", Function: RegistryFunction, Scope: access.Read, Summary: "List training jobs, newest first", Noun: "training job",
			Response: Page[Job]{}, Status: 200, Query: []Filter{{Name: "model", Doc: "only jobs of this model"}, statuses}, serve: listJobs},
		{Method: "GET", Pattern: "/v1/training-jobs/{id}", Function: RegistryFunction, Late: true, Scope: access.Read, Summary: "One training job", Noun: "training job",
			Response: Job{}, Status: 200, serve: getJob},
		{Method: "GET", Pattern: "/v1/training-jobs/{id}/events", Function: RegistryFunction, Late: true, Scope: access.Read, Summary: "A job's progress, oldest first", Noun: "training job",
			Response: Page[Event]{}, Status: 200, Query: listed, serve: listEvents},
	}
}

// trainingRoutes start and stop training, which train-trigger's role allows.
func trainingRoutes() []Route {
	return []Route{
		{Method: "POST", Pattern: "/v1/training-jobs", Function: TrainingFunction, Late: true, Scope: access.Train, Summary: "Train a model on a data set; without settings with the model's own, else its champion's", Noun: "data set",
			Request: NewJob{}, Response: Job{}, Status: 202, Creates: true, Failures: []fault.Code{fault.NotFound, fault.Conflict}, serve: createJob},
		{Method: "POST", Pattern: "/v1/training-jobs/{id}/cancel", Function: TrainingFunction, Late: true, Scope: access.Train, Summary: "Stop a job that is not over", Noun: "training job",
			Response: Job{}, Status: 200, Failures: []fault.Code{fault.Conflict}, serve: cancelJob},
	}
}

// predictRoutes are one handler under two names of a version, and the same that
// always explains.
func predictRoutes() []Route {
	route := func(pattern, summary string, aliased bool, serve func(*exchange) error) Route {
		return Route{Method: "POST", Pattern: pattern, Function: PredictFunction, Scope: access.Predict, Aliased: aliased, Summary: summary,
			Noun: "model, version or alias", Request: PredictRequest{}, Response: PredictResponse{}, Status: 200, serve: serve}
	}
	return []Route{
		route("/v1/models/{name}/predict", "Predict with the version that serves, or with name@alias", true, predict),
		route("/v1/models/{name}/versions/{version}/predict", "Predict with one version", false, predict),
		route("/v1/models/{name}/explain", "Predict and say what in each input spoke for the answer", true, explain),
		route("/v1/models/{name}/versions/{version}/explain", "Predict with one version and say what in each input spoke for the answer", false, explain),
	}
}
