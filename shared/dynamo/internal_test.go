package dynamo

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"godwit/shared/registry"
)

// FuzzSuccessor checks that the successor bounds exactly the strings with a
// prefix, in byte order.
func FuzzSuccessor(f *testing.F) {
	for _, s := range []string{"", "a", "V#", "\uD7FF", "a\U0010FFFF", "\U0010FFFF", "é分"} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, prefix, tail string) {
		if registry.CheckKey(registry.Key{Partition: "p" + prefix, Sort: "s" + tail}) != nil {
			return // no key can hold it
		}
		next := successor(prefix)
		if next == "" {
			if strings.Trim(prefix, "\U0010FFFF") != "" {
				t.Errorf("successor(%q) = none", prefix)
			}
			return
		}
		if next <= prefix+tail || next <= prefix {
			t.Errorf("successor(%q) = %q, not above %q", prefix, next, prefix+tail)
		}
		if registry.CheckKey(registry.Key{Partition: "p", Sort: next}) != nil {
			t.Errorf("successor(%q) = %q is no key", prefix, next)
		}
		// Whatever lies between has the prefix.
		if tail != "" && tail >= prefix && tail < next && !strings.HasPrefix(tail, prefix) {
			t.Errorf("%q lies between %q and its successor %q", tail, prefix, next)
		}
	})
}

func TestDecode_damaged(t *testing.T) {
	good := func() map[string]types.AttributeValue {
		return newItem(registry.Record{Key: registry.Key{Partition: "p", Sort: "s"}, Body: []byte(`{}`)}, "mark")
	}
	it, err := decode(good())
	if err != nil || it.record.Rev != 1 || string(it.record.Body) != `{}` || len(it.marks) != 1 {
		t.Fatalf("decode = %+v, %v, want the record", it, err)
	}
	for name, change := range map[string]func(map[string]types.AttributeValue){
		"no revision":            func(m map[string]types.AttributeValue) { delete(m, attrRev) },
		"revision as text":       func(m map[string]types.AttributeValue) { m[attrRev] = text("1") },
		"revision not a number":  func(m map[string]types.AttributeValue) { m[attrRev] = &types.AttributeValueMemberN{Value: "1.5"} },
		"negative revision":      func(m map[string]types.AttributeValue) { m[attrRev] = number(-1) },
		"no partition":           func(m map[string]types.AttributeValue) { delete(m, attrPartition) },
		"counter past the range": func(m map[string]types.AttributeValue) { m["n_x"] = &types.AttributeValueMemberN{Value: "1E+40"} },
	} {
		m := good()
		change(m)
		if it, err := decode(m); err == nil {
			t.Errorf("decode with %s = %+v, want an error", name, it)
		}
	}
	m := good()
	m["from_the_future"] = &types.AttributeValueMemberBOOL{Value: true}
	if _, err := decode(m); err != nil {
		t.Errorf("decode with an unknown attribute = %v, want success", err)
	}
}

// TestKindOf lists the answers no local service can be made to give.
func TestKindOf(t *testing.T) {
	api := func(code string, who smithy.ErrorFault) error {
		return &smithy.GenericAPIError{Code: code, Fault: who}
	}
	cancelled := func(codes ...string) error {
		var e types.TransactionCanceledException
		for _, c := range codes {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(c)})
		}
		return &e
	}
	for _, tc := range []struct {
		name string
		err  error
		want kind
	}{
		{"nil", nil, done},
		{"condition", &types.ConditionalCheckFailedException{}, conditional},
		{"transaction's condition", cancelled("None", "ConditionalCheckFailed", "TransactionConflict"), conditional},
		{"transactions collide", cancelled("None", "TransactionConflict"), contended},
		{"transaction throttled", cancelled("ThrottlingError", "None"), contended},
		{"transaction wrong", cancelled("ValidationError", "None"), refused},
		{"write meets a transaction", &types.TransactionConflictException{}, contended},
		{"still under way", &types.TransactionInProgressException{}, contended},
		{"token of another request", &types.IdempotentParameterMismatchException{}, contended},
		{"throttled", &types.ProvisionedThroughputExceededException{}, unanswered},
		{"server", api("InternalServerError", smithy.FaultServer), unanswered},
		{"unknown server error", api("Whatever", smithy.FaultServer), unanswered},
		{"no such table", &types.ResourceNotFoundException{}, refused},
		{"no permission", api("AccessDeniedException", smithy.FaultClient), refused},
	} {
		if got := kindOf(tc.err); got != tc.want {
			t.Errorf("%s: kindOf = %d, want %d", tc.name, got, tc.want)
		}
	}
}
