package dynamo

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"godwit/shared/registry"
)

// Add adds to counters. It is not idempotent: a repeat by the SDK after a lost
// answer counts twice.
func (s *Store) Add(ctx context.Context, key registry.Key, delta map[string]int64, expiresAt time.Time) error {
	if err := registry.CheckAdd(key, delta); err != nil {
		return err
	}
	// One moment for all rounds: a record must not expire between two of them.
	now := s.now().Unix()
	for round := range writeRounds {
		err := s.add(ctx, key, delta, expiresAt, now)
		if kindOf(err) == conditional {
			err = s.addFirst(ctx, key, delta, expiresAt, now) // it has expired
		}
		switch kindOf(err) {
		case conditional, contended: // somebody else was first
			if err := pause(ctx, round); err != nil {
				return err
			}
			continue
		}
		return failure(ctx, err)
	}
	return busy()
}

// add counts in one update, which makes the item where there is none. Where one
// has expired the condition fails: its counters must not live on in a new one.
func (s *Store) add(ctx context.Context, key registry.Key, delta map[string]int64, expiresAt time.Time, now int64) error {
	var e expression
	// A record that only Add has touched is readable as one of revision 1, and
	// Put may take it over under that revision.
	rev, body := e.name(attrRev), e.name(attrBody)
	set := []string{
		rev + " = if_not_exists(" + rev + ", " + e.value(number(1)) + ")",
		body + " = if_not_exists(" + body + ", " + e.value(text(emptyBody)) + ")",
	}
	if !expiresAt.IsZero() {
		set = append(set, e.name(attrExpires)+" = "+e.value(number(expiresAt.Unix())))
	}
	var plus []string
	for _, name := range sortedNames(delta) {
		plus = append(plus, e.name(counterPrefix+name)+" "+e.value(number(delta[name])))
	}
	update := "SET " + strings.Join(set, ", ") + " ADD " + strings.Join(plus, ", ")
	cond := e.fresh(now)
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: keyOf(key), UpdateExpression: &update, ConditionExpression: &cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	})
	return err
}

// addFirst replaces an expired record by a new one with these counters.
func (s *Store) addFirst(ctx context.Context, key registry.Key, delta map[string]int64, expiresAt time.Time, now int64) error {
	it := newItem(registry.Record{Key: key, Body: []byte(emptyBody), ExpiresAt: expiresAt}, "")
	for name, d := range delta {
		it[counterPrefix+name] = number(d)
	}
	delete(it, writerOf(1)) // nobody asks who counted
	var e expression
	cond := e.under(0, now)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: it, ConditionExpression: &cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	})
	return err
}
