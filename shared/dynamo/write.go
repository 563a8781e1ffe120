package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/shared/registry"
)

// intent is one Store.Write on its way: sent, looked for when the answer is not
// success, and sent again while it may still be made.
//
//	answer of the service          look finds its mark   it does not
//	condition failed               made (answer lost)    stale, or changed under us: again
//	conflict with another request  made                  again, after a pause
//	no answer                      made                  unavailable; the caller may repeat
//	refused                        internal, without a look
type intent struct {
	token, mark string
	writes      []registry.Write
	now         int64 // fixed for the whole intent, so that the SDK's repeats are the same bytes
	// revs are the revisions found under unconditional puts. Such a put is made
	// under the revision it finds, so that its place in the ring of writers is
	// known and a repeat of it is recognised.
	revs map[registry.Key]int64
}

// Write makes all writes or none.
//
// Who made each revision is remembered in the item itself, and DynamoDB
// remembers a transaction's request token for ten minutes. A write without any
// put leaves nothing that could be asked, so it carries a marker item along,
// in a partition of its own that expires.
func (s *Store) Write(ctx context.Context, token string, writes ...registry.Write) error {
	if err := registry.CheckWrites(token, writes); err != nil {
		return err
	}
	in := intent{token: token, mark: markOf(token), writes: writes, now: s.now().Unix(), revs: map[registry.Key]int64{}}
	if !slices.ContainsFunc(writes, func(w registry.Write) bool { return w.Op == registry.Put }) {
		if len(writes) == registry.MaxWrites {
			return tooMany()
		}
		in.writes = append(slices.Clip(writes), marker(writes[0], in))
	}
	if slices.ContainsFunc(writes, unconditional) {
		if state, err := s.look(ctx, in); err != nil || state != possible {
			return state.answer(err)
		}
	}
	for round := range writeRounds {
		err := s.send(ctx, in)
		if err == nil {
			return nil
		}
		kind := kindOf(err)
		if kind == refused || ctx.Err() != nil {
			return failure(ctx, err)
		}
		// The condition may have failed because this very write made it so, and
		// an answer that never came says nothing: look.
		state, lookErr := s.look(ctx, in)
		switch {
		case lookErr == nil && state == made:
			return nil
		// The SDK has repeated it as often as it does: whether it was made is
		// for the caller to find out, with the same token.
		case kind == unanswered:
			return failure(ctx, err)
		case lookErr != nil || kind == conditional && state == excluded:
			return state.answer(lookErr)
		}
		if err := pause(ctx, round); err != nil {
			return err
		}
	}
	// Every round lost to another writer: the last one, too.
	return busy()
}

// unconditional reports whether w takes whatever is there.
func unconditional(w registry.Write) bool {
	return w.Op == registry.Put && w.IfRev == registry.AnyRev
}

// marker is the put that remembers a write without one.
func marker(w registry.Write, in intent) registry.Write {
	return registry.Write{
		Op: registry.Put,
		Record: registry.Record{
			Key:       registry.Key{Partition: w.Record.Key.Partition + wonPartition, Sort: in.mark},
			Body:      []byte(emptyBody),
			ExpiresAt: unix(in.now + wonLifeSeconds),
		},
	}
}

// state is what look found out about an intent.
type state int

const (
	possible state = iota // not made; its conditions hold now
	made                  // already made by this token
	excluded              // not made; a condition does not hold
)

// answer is what a state that ends a write tells its caller; err came with it.
func (s state) answer(err error) error {
	if err == nil && s == excluded {
		return stale()
	}
	return err
}

// look reads an intent's records as they are. One item that names the writer
// is proof for all: they are written together.
func (s *Store) look(ctx context.Context, in intent) (state, error) {
	keys := make([]registry.Key, len(in.writes))
	for i, w := range in.writes {
		keys[i] = w.Record.Key
	}
	items, err := s.items(ctx, keys)
	if err != nil {
		return possible, err
	}
	found := possible
	for _, w := range in.writes {
		it := items[w.Record.Key] // zero when absent
		rev := it.revision(in.now)
		switch {
		case w.Op == registry.Put && slices.Contains(it.marks, in.mark):
			// A mark in a put's ring is proof; deletions and checks leave none.
			return made, nil
		case unconditional(w):
			in.revs[w.Record.Key] = rev
		case w.IfRev != registry.AnyRev && w.IfRev != rev:
			found = excluded
		}
	}
	return found, nil
}

// send makes one request of an intent.
func (s *Store) send(ctx context.Context, in intent) error {
	if len(in.writes) > 1 {
		return s.transact(ctx, in)
	}
	w := in.writes[0]
	var e expression
	if rev := in.rev(w); rev > 0 {
		// An update, not a put: it keeps counters and the other marks.
		update, cond := in.update(&e, w.Record, rev), e.under(rev, in.now)
		_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table, Key: keyOf(w.Record.Key), UpdateExpression: &update, ConditionExpression: &cond,
			ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		})
		return err
	}
	cond := e.under(0, in.now)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: newItem(w.Record, in.mark), ConditionExpression: &cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	})
	return err
}

// rev is the revision a write is made under; 0 makes a new item, so that
// nothing of an expired one, such as its counters, lives on.
func (in intent) rev(w registry.Write) int64 {
	if unconditional(w) {
		return in.revs[w.Record.Key]
	}
	return w.IfRev
}

// transact sends several writes as one; the token makes its repeats one, too.
func (s *Store) transact(ctx context.Context, in intent) error {
	items := make([]types.TransactWriteItem, len(in.writes))
	for i, w := range in.writes {
		items[i] = s.transactItem(in, w)
	}
	token := in.requestToken(s.table)
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: items, ClientRequestToken: &token,
	})
	return err
}

// transactItem is w as an item of a transaction, under its condition.
func (s *Store) transactItem(in intent, w registry.Write) types.TransactWriteItem {
	var e expression
	var cond *string
	rev := in.rev(w)
	if rev != registry.AnyRev { // only a deletion may be without any condition
		cond = aws.String(e.under(rev, in.now))
	}
	switch {
	case w.Op == registry.Delete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: &s.table, Key: keyOf(w.Record.Key), ConditionExpression: cond,
			ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		}}
	case w.Op == registry.Check:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &s.table, Key: keyOf(w.Record.Key), ConditionExpression: cond,
			ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		}}
	case rev == 0:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &s.table, Item: newItem(w.Record, in.mark), ConditionExpression: cond,
			ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
		}}
	}
	update := in.update(&e, w.Record, rev)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table, Key: keyOf(w.Record.Key), UpdateExpression: &update, ConditionExpression: cond,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	}}
}

// update is the expression that puts r over revision rev. It leaves counters
// and the other slots of the ring alone.
func (in intent) update(e *expression, r registry.Record, rev int64) string {
	set := []string{
		e.name(attrBody) + " = " + e.value(text(string(r.Body))),
		e.name(attrRev) + " = " + e.value(number(rev+1)),
		e.name(writerOf(rev+1)) + " = " + e.value(text(in.mark)),
	}
	var remove []string
	if r.Index != (registry.Key{}) {
		set = append(set, e.name(attrIndexPart)+" = "+e.value(text(r.Index.Partition)), e.name(attrIndexSort)+" = "+e.value(text(r.Index.Sort)))
	} else {
		remove = append(remove, e.name(attrIndexPart), e.name(attrIndexSort))
	}
	if r.ExpiresAt.IsZero() {
		remove = append(remove, e.name(attrExpires))
	} else {
		set = append(set, e.name(attrExpires)+" = "+e.value(number(r.ExpiresAt.Unix())))
	}
	update := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		update += " REMOVE " + strings.Join(remove, ", ")
	}
	return update
}

// requestToken is DynamoDB's idempotency token (at most 36 characters), one for
// the account. It covers table and content too: one token with another content
// is an error there, while here a caller who lost a race may build its write
// anew.
func (in intent) requestToken(table string) string {
	h := sha256.New()
	enc := json.NewEncoder(h) // neither the hash nor these types can fail
	_ = enc.Encode([]any{table, in.token, in.now, in.writes})
	for _, w := range in.writes {
		_ = enc.Encode(in.rev(w))
	}
	// 32 characters, 128 bits.
	return hex.EncodeToString(h.Sum(nil)[:16])
}
