package registry

import (
	"fmt"
	"strconv"
	"time"

	"godwit/shared/blob"
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
//	T#MODEL#NAME       R                  Route, also a deleted one (no targets)
//	T#MODEL#NAME       G                  guard: its revision counts changes of aliases and route
//	T#DATASETS         ID                 Dataset
//	T#JOB#ID           JOB                training.Job
//	T#JOB#ID           E#0000000001       training.Event
//	T#BATCH#ID         BATCH              batch.Job
//	T#BATCH#ID         COUNTS             counters of what is scored of it while it runs
//	T#IDEMPOTENCY#HASH IDEMPOTENCY        what a repeated request answers
//	T#KEYS             ID                 access.Key as its tenant sees it
//	T#KEYS             GUARD              guard: its revision counts revoked admin keys
//	T#USAGE#2026-03    KEYID#01#S         counters of a key on a day (package usage), in shard S
//	T#TRAFFIC#NAME     V#2026-03-01#S     counters of a version on a day, V padded, in shard S
//	T#FEEDBACK#NAME    V#2026-03-01#S     monitor.Tally of a version's answers of a day, as for traffic
//	T#JUDGED#HASH      INDEX              what feedback said of one answer of a prediction
//	T#REVIEW#NAME      RANK#HASH#INDEX    monitor.Entry of the review queue, the most urgent first
//	KEY#SHA256         KEY                API key, found before the tenant is known
//	SECRET#NAME        SECRET             secret of the installation, belongs to no tenant
//
// KEY and SECRET are upper case, so no tenant can be called so (ParseTenant).
// The index holds jobs by time: T#JOBS / TIME#ID and T#BATCHES / TIME#ID.

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

func routeKey(t Tenant, n Name) Key { return Key{modelPartition(t, n), "R"} }

func datasetsPartition(t Tenant) string { return string(t) + "#DATASETS" }

func datasetKey(t Tenant, id string) Key { return Key{datasetsPartition(t), id} }

const (
	// Of the sort keys within a model's partition.
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
	return byTime(string(t)+"#JOBS", created, id)
}

// byTime pads fractions to nine digits, which time.RFC3339Nano would cut: the
// order of the text is that of the times only at equal length.
func byTime(partition string, at time.Time, id string) Key {
	return Key{partition, at.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + id}
}

// BatchKey is the key of a batch job's record. The id is the job's own and
// contains no "#".
func BatchKey(t Tenant, id string) Key { return Key{string(t) + "#BATCH#" + id, "BATCH"} }

// BatchCountsKey is the key of the counters of a batch job under way.
func BatchCountsKey(t Tenant, id string) Key { return Key{BatchKey(t, id).Partition, "COUNTS"} }

// BatchIndex is a batch job's entry in the index, as JobIndex is a training job's.
func BatchIndex(t Tenant, created time.Time, id string) Key {
	return byTime(string(t)+"#BATCHES", created, id)
}

// IdempotencyKey is the key of what a request made under an Idempotency-Key
// brought. hash is of the route and of what the caller chose, in hex, so that
// nothing chosen reaches a key.
func IdempotencyKey(t Tenant, hash string) Key {
	return Key{string(t) + "#IDEMPOTENCY#" + hash, "IDEMPOTENCY"}
}

// APIKeyKey is the key of an API key's record, by the SHA-256 of the key in hex.
func APIKeyKey(sha256hex string) Key { return Key{"KEY#" + sha256hex, "KEY"} }

// TenantKeysPartition holds what a tenant sees of its API keys.
func TenantKeysPartition(t Tenant) string { return string(t) + "#KEYS" }

// TenantKeyKey is the key of an API key's record on its tenant's side. The id
// contains no "#".
func TenantKeyKey(t Tenant, id string) Key { return Key{TenantKeysPartition(t), id} }

// TenantKeysGuard is the key of the record that two revocations of a tenant's
// admin keys meet at. It sorts before every id.
func TenantKeysGuard(t Tenant) Key { return Key{TenantKeysPartition(t), "GUARD"} }

// UsagePartition holds what a tenant's keys used in the month of day, by key,
// then day, then shard.
func UsagePartition(t Tenant, day time.Time) string {
	return string(t) + "#USAGE#" + day.UTC().Format("2006-01")
}

// UsageKey is the key of one shard of the counters of an API key on a day. The
// key's id contains no "#"; shard is 0 to 9.
func UsageKey(t Tenant, keyID string, day time.Time, shard int) Key {
	return Key{UsagePartition(t, day), UsagePrefix(keyID) + day.UTC().Format("02") + shardSuffix(shard)}
}

// UsagePrefix begins the sort key of every counter of an API key.
func UsagePrefix(keyID string) string { return keyID + "#" }

// TrafficPartition holds what the versions of a model answered, by version,
// then day, then shard.
func TrafficPartition(t Tenant, n Name) string { return string(t) + "#TRAFFIC#" + string(n) }

// TrafficKey is the key of one shard of the counters of a version on a day;
// shard is 0 to 9.
func TrafficKey(t Tenant, n Name, version int, day time.Time, shard int) Key {
	return Key{TrafficPartition(t, n), dayOfVersion(version, day, shard)}
}

// dayOfVersion is the sort key of what is counted of a version on a day; padded
// numbers keep the versions apart and the days of one in order.
func dayOfVersion(version int, day time.Time, shard int) string {
	return TrafficPrefix(version) + day.UTC().Format(time.DateOnly) + shardSuffix(shard)
}

// TrafficPrefix begins the sort key of every counter of a version.
func TrafficPrefix(version int) string { return fmt.Sprintf("%010d#", version) }

// FeedbackKey is the key of one shard of what feedback said of a version's
// answers of a day. Its sort key is that of TrafficKey; shard is 0 to 9.
func FeedbackKey(t Tenant, n Name, version int, day time.Time, shard int) Key {
	return Key{string(t) + "#FEEDBACK#" + string(n), dayOfVersion(version, day, shard)}
}

// JudgedKey is the key of what feedback said of one answer of a prediction. hash
// is of the prediction's id, in hex.
func JudgedKey(t Tenant, hash string, index int) Key {
	return Key{string(t) + "#JUDGED#" + hash, fmt.Sprintf("%03d", index)}
}

// ReviewPartition holds a model's review queue.
func ReviewPartition(t Tenant, n Name) string { return string(t) + "#REVIEW#" + string(n) }

// ReviewKey is the key of an entry of a model's review queue. The queue is in
// the order of rank, which has no "#"; hash and index are those of JudgedKey.
func ReviewKey(t Tenant, n Name, rank, hash string, index int) Key {
	return Key{ReviewPartition(t, n), fmt.Sprintf("%s#%s#%03d", rank, hash, index)}
}

func shardSuffix(shard int) string { return "#" + strconv.Itoa(shard) }

// SecretKey is the key of a secret of the whole installation, such as the one
// that signs page tokens.
func SecretKey(name string) Key { return Key{"SECRET#" + name, "SECRET"} }

// ExportObject is the key, in the models bucket, of a file that a version was
// exported to. It is named after its digest: equal files are one.
func ExportObject(t Tenant, n Name, d blob.Digest, extension string) string {
	return fmt.Sprintf("exports/%s/%s/%s.%s", t, n, d.Hex(), extension)
}
