package registry

import (
	"fmt"
	"time"
)

// Every key is built here. Partitions begin with the tenant and "#", which no
// name contains, so two tenants never share a partition. Numbers in sort keys
// are padded to ten digits, so byte order is numeric order.
//
//	partition          sort               record
//	T#MODELS           NAME               Model
//	T#MODEL#NAME       V#0000000007       Version
//	T#MODEL#NAME       A#ALIAS            Alias, also a deleted one (Version 0)
//	T#MODEL#NAME       H#ALIAS#0000000003 AliasChange that made revision 3
//	T#MODEL#NAME       C#TOKEN            which version a Commit made
//	T#MODEL#NAME       G                  guard: its revision counts alias changes
//	T#DATASETS         ID                 Dataset
//	T#JOB#ID           JOB                training.Job
//	T#JOB#ID           E#0000000001       training.Event
//	T#IDEMPOTENCY#HASH IDEMPOTENCY        what a repeated request answers
//	KEY#SHA256         KEY                API key, found before the tenant is known
//	SECRET#NAME        SECRET             secret of the installation, belongs to no tenant
//
// KEY and SECRET are upper case, so no tenant can be called so (ParseTenant).
// The index holds jobs by time: T#JOBS / TIME#ID.

func modelsPartition(t Tenant) string { return string(t) + "#MODELS" }

func modelKey(t Tenant, n Name) Key { return Key{modelsPartition(t), string(n)} }

func modelPartition(t Tenant, n Name) string { return string(t) + "#MODEL#" + string(n) }

func versionKey(t Tenant, n Name, v int) Key {
	return Key{modelPartition(t, n), fmt.Sprintf("%s%010d", versionPrefix, v)}
}

func aliasKey(t Tenant, n Name, a AliasName) Key {
	return Key{modelPartition(t, n), aliasPrefix + string(a)}
}

func historyKey(t Tenant, n Name, a AliasName, rev int64) Key {
	return Key{modelPartition(t, n), fmt.Sprintf("%s%010d", historyPrefix(a), rev)}
}

func commitKey(t Tenant, n Name, token string) Key {
	return Key{modelPartition(t, n), "C#" + token}
}

func guardKey(t Tenant, n Name) Key { return Key{modelPartition(t, n), "G"} }

func datasetsPartition(t Tenant) string { return string(t) + "#DATASETS" }

func datasetKey(t Tenant, id string) Key { return Key{datasetsPartition(t), id} }

const (
	versionPrefix = "V#"
	aliasPrefix   = "A#"
)

func historyPrefix(a AliasName) string { return "H#" + string(a) + "#" }

// JobKey is the key of a training job's record. The id is the job's own and
// contains no "#".
func JobKey(t Tenant, id string) Key { return Key{string(t) + "#JOB#" + id, "JOB"} }

// EventKey is the key of event seq (from 1) of a job. A Query of its Partition
// with the prefix EventPrefix lists the events in order.
func EventKey(t Tenant, job string, seq int) Key {
	return Key{JobKey(t, job).Partition, fmt.Sprintf("%s%010d", EventPrefix, seq)}
}

// EventPrefix begins the sort key of every job event.
const EventPrefix = "E#"

// JobIndex is a job's entry in the index: a tenant's jobs by creation. The id
// makes entries of one instant distinct.
func JobIndex(t Tenant, created time.Time, id string) Key {
	return Key{string(t) + "#JOBS", created.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + id}
}

// IdempotencyKey is the key of what a request made under an Idempotency-Key
// brought. hash is of the route and of what the caller chose, in hex, so that
// nothing chosen reaches a key.
func IdempotencyKey(t Tenant, hash string) Key {
	return Key{string(t) + "#IDEMPOTENCY#" + hash, "IDEMPOTENCY"}
}

// APIKeyKey is the key of an API key's record, by the SHA-256 of the key in hex.
func APIKeyKey(sha256hex string) Key { return Key{"KEY#" + sha256hex, "KEY"} }

// SecretKey is the key of a secret of the whole installation, such as the one
// that signs page tokens.
func SecretKey(name string) Key { return Key{"SECRET#" + name, "SECRET"} }
