package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/registry"
)

// TestKeys_counters holds what readers of counters rely on: the shards of a day
// follow each other, days follow in order, and no prefix fits another's records.
func TestKeys_counters(t *testing.T) {
	at := time.Date(2026, 3, 31, 23, 0, 0, 0, time.FixedZone("west", -5*3600)) // the first of April in UTC
	var sorts []string
	for day := range 3 {
		for shard := range 4 {
			sorts = append(sorts, registry.UsageKey("acme", "key_a", at.AddDate(0, 0, day), shard).Sort)
		}
	}
	if !slices.IsSorted(sorts) || sorts[0] != "key_a#01#0" {
		t.Errorf("sort keys = %q, want them in order from the first of April", sorts)
	}
	var traffic []string
	for _, version := range []int{1, 7, 70, 1000} {
		for day := range 2 {
			traffic = append(traffic, registry.TrafficKey("acme", "intents", version, at.AddDate(0, 0, day), 3).Sort)
		}
	}
	if !slices.IsSorted(traffic) || strings.HasPrefix(traffic[4], registry.TrafficPrefix(7)) {
		t.Errorf("sort keys = %q, want them in order and version 70 not below 7", traffic)
	}
	for _, k := range []registry.Key{
		registry.UsageKey("acme", "key_a", at, 0), registry.TrafficKey("acme", "intents", 1, at, 0),
		registry.TenantKeyKey("acme", "key_a"), registry.TenantKeysGuard("acme"),
		registry.FeedbackKey("acme", "intents", 1, at, 0), registry.JudgedKey("acme", "ab12", 3), registry.ReviewKey("acme", "intents", "0ff", "ab12", 3),
	} {
		if !strings.HasPrefix(k.Partition, "acme#") {
			t.Errorf("the key %v does not begin with its tenant", k)
		}
	}
	if got := registry.UsagePartition("acme", at); got != "acme#USAGE#2026-04" {
		t.Errorf("UsagePartition = %q, want acme#USAGE#2026-04", got)
	}
	// The policy of the predict function goes by these words.
	if got := registry.TrafficPartition("acme", "intents"); got != "acme#TRAFFIC#intents" {
		t.Errorf("TrafficPartition = %q, want acme#TRAFFIC#intents", got)
	}
	// A version's feedback is found as its traffic is.
	if a, b := registry.FeedbackKey("acme", "intents", 7, at, 3), registry.TrafficKey("acme", "intents", 7, at, 3); a.Sort != b.Sort || a.Partition == b.Partition {
		t.Errorf("feedback is at %v, traffic at %v; want the same sort key in another partition", a, b)
	}
	if registry.UsagePartition("acme", at) == registry.UsagePartition("acme", at.AddDate(1, 0, 0)) {
		t.Error("two years share a partition")
	}
}
