// Package dynamo keeps a registry.Store in one DynamoDB table.
//
// The table has the keys pk and sk and the index gsi1 on gsi1pk and gsi1sk. A
// record is one item: its body as a string, its revision as a number, marks of
// its last writers, the time it expires, and one number for each counter. Reads are strongly consistent.
//
// A single write is one conditional request, several are one transaction.
// Every request names its writer's token, because a write can win and its
// answer be lost: the SDK then repeats it, and DynamoDB truthfully answers that
// the condition no longer holds. So a failed condition is never believed
// without looking who wrote last (see Store.Write).
//
// The package makes no table and sets no time-outs: the client it is given
// brings its HTTP client, and template.yaml the table.
package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/shared/registry"
)

// Bounds of what one call may ask of the service beyond the SDK's own retries.
const (
	writeRounds = 16 // of a write whose records are busy or changed under it
	batchRounds = 8  // of a batch read that makes no progress
	firstPause  = 5 * time.Millisecond
	longPause   = 200 * time.Millisecond
)

// Store is a registry.Store. Its methods are safe for concurrent use.
type Store struct {
	client client
	table  string
	now    func() time.Time
}

var _ registry.Store = (*Store)(nil)

// New returns a Store on an existing table. It uses client's settings with two
// additions: requests are sent from memory, and the checksum of every answer is
// verified before it is believed. now decides which records have expired.
func New(c *dynamodb.Client, table string, now func() time.Time) *Store {
	return &Store{client: callsOf(dynamodb.New(c.Options(), verified)), table: table, now: now}
}

// Get returns the record under key; an expired one counts as absent.
func (s *Store) Get(ctx context.Context, key registry.Key) (registry.Record, error) {
	if err := registry.CheckKey(key); err != nil {
		return registry.Record{}, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            keyOf(key),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return registry.Record{}, failure(ctx, err)
	}
	if out.Item == nil {
		return registry.Record{}, notFound()
	}
	it, err := decode(out.Item)
	if err != nil {
		return registry.Record{}, err
	}
	// TTL deletes when it likes: until then an expired item is read like any other.
	if it.expired(s.now().Unix()) {
		return registry.Record{}, notFound()
	}
	return it.record, nil
}

// GetMany returns the records that exist, in the order of keys.
func (s *Store) GetMany(ctx context.Context, keys []registry.Key) ([]registry.Record, error) {
	if err := registry.CheckKeys(keys); err != nil {
		return nil, err
	}
	items, err := s.items(ctx, keys)
	if err != nil {
		return nil, err
	}
	now := s.now().Unix()
	var out []registry.Record
	for _, k := range keys {
		if it, ok := items[k]; ok && !it.expired(now) {
			out = append(out, it.record)
		}
	}
	return out, nil
}

// items reads the items under keys, expired ones too. DynamoDB answers a part
// and names what it left out; asking again is bounded when nothing comes.
func (s *Store) items(ctx context.Context, keys []registry.Key) (map[registry.Key]item, error) {
	found := make(map[registry.Key]item, len(keys))
	seen := make(map[registry.Key]bool, len(keys))
	var ask []map[string]types.AttributeValue
	for _, k := range keys {
		if !seen[k] { // a batch may not name a key twice
			seen[k] = true
			ask = append(ask, keyOf(k))
		}
	}
	for idle := 0; len(ask) > 0; {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{
				s.table: {Keys: ask, ConsistentRead: aws.Bool(true)},
			},
		})
		if err != nil {
			return nil, failure(ctx, err)
		}
		for _, raw := range out.Responses[s.table] {
			it, err := decode(raw)
			if err != nil {
				return nil, err
			}
			found[it.record.Key] = it
		}
		if len(out.Responses[s.table]) > 0 {
			// Some came: the table is busy, not gone.
			idle = 0
		} else if idle++; idle == batchRounds {
			return nil, throttled(nil)
		}
		if ask = out.UnprocessedKeys[s.table].Keys; len(ask) > 0 {
			if err := pause(ctx, idle); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// pause waits before another round, longer each time.
func pause(ctx context.Context, round int) error {
	timer := time.NewTimer(min(firstPause<<min(round, 10), longPause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
