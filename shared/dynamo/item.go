package dynamo

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Attributes of an item. Counters are numbers called counterPrefix+name.
const (
	attrPartition  = "pk"
	attrSort       = "sk"
	attrIndexPart  = "gsi1pk"
	attrIndexSort  = "gsi1sk"
	attrRev        = "rev"
	attrBody       = "body"
	attrExpires    = "expires_at" // seconds since 1970; also the table's TTL attribute
	counterPrefix  = "n_"
	writerPrefix   = "w_"
	indexName      = "gsi1" // as template.yaml names it
	emptyBody      = "{}"   // of a record made by Add
	wonPartition   = "#WON" // added to a partition: markers of writes without a put
	wonLifeSeconds = 3600   // far longer than any repeat of a lost answer
)

// writers is how many of its last writers an item remembers. A write whose
// answer was lost is recognised until so many others have followed it, which
// within the SDK's repeats takes that many callers at one record.
const writers = 32

// writerOf is the attribute that remembers who made revision rev: a ring, so
// that one update fills a slot and forgets its former content.
func writerOf(rev int64) string { return writerPrefix + strconv.FormatInt(rev%writers, 10) }

// markOf is how an item remembers a token: 72 bits of its SHA-256, in 12 characters.
func markOf(token string) string {
	// 72 bits: two of 32 marks in one item agree by chance once in 10^19 writes,
	// and a mark for each revision's slot stays small beside the body.
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// item is a record as stored.
type item struct {
	record  registry.Record
	expires int64    // 0 never
	marks   []string // of the last writers, in no order
}

// expired reports whether the record counts as absent. The table's own TTL
// removes items up to days later.
func (it item) expired(now int64) bool { return it.expires != 0 && it.expires <= now }

// revision is the record's revision, 0 when it counts as absent.
func (it item) revision(now int64) int64 {
	if it.expired(now) {
		return 0
	}
	return it.record.Rev
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// keyOf is a key as the service addresses an item by it.
func keyOf(k registry.Key) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrPartition: text(k.Partition), attrSort: text(k.Sort)}
}

// newItem is a whole item with revision 1, as it replaces an absent or expired one.
func newItem(r registry.Record, mark string) map[string]types.AttributeValue {
	it := keyOf(r.Key)
	it[attrRev] = number(1)
	it[attrBody] = text(string(r.Body))
	it[writerOf(1)] = text(mark)
	if r.Index != (registry.Key{}) {
		it[attrIndexPart], it[attrIndexSort] = text(r.Index.Partition), text(r.Index.Sort)
	}
	if !r.ExpiresAt.IsZero() {
		it[attrExpires] = number(r.ExpiresAt.Unix())
	}
	return it
}

// decode reads an item. Attributes it does not know are ignored.
func decode(raw map[string]types.AttributeValue) (item, error) {
	var it item
	for name, value := range raw {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			it.setText(name, v.Value)
		// All numbers here are integers: revisions, seconds and counts.
		case *types.AttributeValueMemberN:
			n, err := strconv.ParseInt(v.Value, 10, 64)
			if err != nil {
				return item{}, unreadable(fmt.Errorf("attribute %s: %w", name, err))
			}
			it.setNumber(name, n)
		}
	}
	if it.record.Rev < 1 || it.record.Key.Partition == "" {
		return item{}, unreadable(fmt.Errorf("item without %s or %s", attrRev, attrPartition))
	}
	return it, nil
}

// setText takes over an attribute of type S.
func (it *item) setText(name, v string) {
	switch name {
	case attrPartition:
		it.record.Key.Partition = v
	case attrSort:
		it.record.Key.Sort = v
	case attrIndexPart:
		it.record.Index.Partition = v
	case attrIndexSort:
		it.record.Index.Sort = v
	case attrBody:
		it.record.Body = []byte(v)
	default:
		if strings.HasPrefix(name, writerPrefix) {
			it.marks = append(it.marks, v)
		}
	}
}

// setNumber takes over an attribute of type N.
func (it *item) setNumber(name string, n int64) {
	counter, isCounter := strings.CutPrefix(name, counterPrefix)
	switch {
	case name == attrRev:
		it.record.Rev = n
	case name == attrExpires:
		it.expires = n
		it.record.ExpiresAt = time.Unix(n, 0).UTC()
	case isCounter:
		if it.record.Counters == nil {
			it.record.Counters = map[string]int64{}
		}
		it.record.Counters[counter] = n
	}
}

// unreadable is an item that this program, or an older one, cannot have written.
func unreadable(err error) error {
	return fault.Wrap(fault.Internal, err, "a stored record cannot be read")
}
