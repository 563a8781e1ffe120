package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func putOf(pk, sk, condition string) types.TransactWriteItem {
	p := &types.Put{TableName: &spec.Name, Item: key(pk, sk)}
	if condition != "" {
		p.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: p}
}

func TestTransactWriteItems(t *testing.T) {
	s := open(t)
	s.put(t, key("a", "gone"))
	s.put(t, key("a", "there"))
	in := &sdk.TransactWriteItemsInput{
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		TransactItems: []types.TransactWriteItem{
			putOf("a", "new", "attribute_not_exists(pk)"),
			{Delete: &types.Delete{TableName: &spec.Name, Key: key("a", "gone"), ConditionExpression: aws.String("attribute_exists(pk)")}},
			{Update: &types.Update{TableName: &spec.Name, Key: key("a", "counted"), UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": number("1")}}},
			{ConditionCheck: &types.ConditionCheck{TableName: &spec.Name, Key: key("a", "there"), ConditionExpression: aws.String("attribute_exists(pk)")}},
		},
	}
	out, err := s.client.TransactWriteItems(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(s.sortKeys(t, "a"), " "), "counted new there"; got != want {
		t.Errorf("after the transaction: %s, want %s", got, want)
	}
	if got := aws.ToFloat64(out.ConsumedCapacity[0].CapacityUnits); got != 8 {
		t.Errorf("capacity units = %v, want 8: four items of up to 1 KB, twice", got)
	}
}

func TestTransactWriteItems_Cancelled(t *testing.T) {
	s := open(t)
	there := key("a", "there")
	there["v"] = text("old")
	s.put(t, there)
	check := types.ConditionCheck{TableName: &spec.Name, Key: key("a", "there"), ConditionExpression: aws.String("v = :v"), ExpressionAttributeValues: map[string]types.AttributeValue{":v": text("new")}}
	shown := check
	shown.Key = key("a", "there")
	shown.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	tests := []struct {
		name, codes string
		last        types.TransactWriteItem
		item        bool
	}{
		{"condition", "[None, ConditionalCheckFailed]", types.TransactWriteItem{ConditionCheck: &check}, false},
		{"condition with the item", "[None, ConditionalCheckFailed]", types.TransactWriteItem{ConditionCheck: &shown}, true},
		{"update that does not fit", "[None, ValidationError]", types.TransactWriteItem{Update: &types.Update{
			TableName: &spec.Name, Key: key("a", "there"), UpdateExpression: aws.String("SET v = v + :one"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": number("1")},
		}}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := s.client.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{putOf("a", "new", ""), tc.last}})
			cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
			if !ok || !strings.HasSuffix(cancelled.ErrorMessage(), tc.codes) || len(cancelled.CancellationReasons) != 2 {
				t.Fatalf("TransactWriteItems = %v, want TransactionCanceledException %s", err, tc.codes)
			}
			if got := cancelled.CancellationReasons[1].Item != nil; got != tc.item {
				t.Errorf("reason carries the item: %v, want %v", got, tc.item)
			}
			if got, want := strings.Join(s.sortKeys(t, "a"), " "), "there"; got != want {
				t.Errorf("after the cancelled transaction: %s, want %s", got, want)
			}
		})
	}
}

func TestTransactWriteItems_Token(t *testing.T) {
	s := open(t)
	add := func(token, by string) error {
		_, err := s.client.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{
			ClientRequestToken: &token,
			TransactItems: []types.TransactWriteItem{{Update: &types.Update{
				TableName: &spec.Name, Key: key("a", "n"), UpdateExpression: aws.String("ADD n :by"), ExpressionAttributeValues: map[string]types.AttributeValue{":by": number(by)},
			}}},
		})
		return err
	}
	steps := []struct {
		name, token, by string
		wait            time.Duration
		wantErr, wantN  string
	}{
		{"first", "t1", "1", 0, "", "1"},
		{"again", "t1", "1", 9 * time.Minute, "", "1"},
		{"again with other items", "t1", "2", 0, "IdempotentParameterMismatchException", "1"},
		{"another token", "t2", "1", 0, "", "2"},
		{"after ten minutes", "t1", "5", time.Minute, "", "7"},
	}
	for _, step := range steps {
		s.clock.advance(step.wait)
		if got := codeOf(add(step.token, step.by)); got != step.wantErr {
			t.Errorf("%s: error %q, want %q", step.name, got, step.wantErr)
		}
		out, err := s.client.GetItem(t.Context(), &sdk.GetItemInput{TableName: &spec.Name, Key: key("a", "n")})
		if err != nil || textOf(out.Item["n"]) != step.wantN {
			t.Errorf("%s: n = %v, %v; want %s", step.name, out.Item["n"], err, step.wantN)
		}
	}
	s.clock.advance(time.Hour)
	if _, err := s.db.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got := codeOf(add("t2", "3")); got != "" {
		t.Errorf("a forgotten token: error %q, want none", got)
	}
}

// A cancelled transaction leaves its token free.
func TestTransactWriteItems_TokenOfCancelled(t *testing.T) {
	s := open(t)
	in := &sdk.TransactWriteItemsInput{ClientRequestToken: aws.String("t"), TransactItems: []types.TransactWriteItem{
		{ConditionCheck: &types.ConditionCheck{TableName: &spec.Name, Key: key("a", "x"), ConditionExpression: aws.String("attribute_exists(pk)")}},
		putOf("a", "y", ""),
	}}
	if _, err := s.client.TransactWriteItems(t.Context(), in); codeOf(err) != "TransactionCanceledException" {
		t.Fatalf("first = %v, want TransactionCanceledException", err)
	}
	s.put(t, key("a", "x"))
	if _, err := s.client.TransactWriteItems(t.Context(), in); err != nil {
		t.Errorf("with the condition met = %v, want success", err)
	}
}

func TestTransactWriteItems_Refused(t *testing.T) {
	s := open(t)
	const put = `{"Put":{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}}`
	tests := []struct{ name, body, message string }{
		{"none", `{"TransactItems":[]}`, "length between 1 and 100"},
		{"too many", `{"TransactItems":[` + strings.Repeat(put+",", 100) + put + `]}`, "length between 1 and 100"},
		{"one item twice", `{"TransactItems":[` + put + "," + put + `]}`, "cannot include multiple operations on one item"},
		{"two actions", `{"TransactItems":[{"Put":{},"Delete":{}}]}`, "can only contain one of"},
		{"no action", `{"TransactItems":[{}]}`, "can only contain one of"},
		{"check without condition", `{"TransactItems":[{"ConditionCheck":{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}}]}`, "'conditionExpression' failed"},
		{"update without update", `{"TransactItems":[{"Update":{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}}]}`, "updateExpression"},
		{"return values", `{"TransactItems":[{"Put":{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnValues":"ALL_OLD"}}]}`, "ReturnValues is not supported"},
		{"unknown action", `{"TransactItems":[{"Get":{}}]}`, "Get is not supported"},
		{"empty token", `{"ClientRequestToken":"","TransactItems":[` + put + `]}`, "'clientRequestToken' failed"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, message := s.refused(t, "TransactWriteItems", tc.body)
			if code != "ValidationException" || !strings.Contains(message, tc.message) {
				t.Errorf("TransactWriteItems = %s: %s, want ValidationException: ...%s...", code, message, tc.message)
			}
		})
	}
}

// Many clients move one unit between accounts under conditions; none is made
// or lost, and every reader of both accounts in one page sees the sum.
func TestTransactWriteItems_Serialisable(t *testing.T) {
	s := open(t)
	const accounts, start, movers, moves = 4, 20, 6, 30
	for i := range accounts {
		it := key("bank", fmt.Sprint(i))
		it["n"] = number(fmt.Sprint(start))
		s.put(t, it)
	}
	step := func(account int, by string) types.TransactWriteItem {
		return types.TransactWriteItem{Update: &types.Update{
			TableName: &spec.Name, Key: key("bank", fmt.Sprint(account)), UpdateExpression: aws.String("SET n = n + :by"),
			ConditionExpression: aws.String("n > :zero OR :by > :zero"), ExpressionAttributeValues: map[string]types.AttributeValue{":by": number(by), ":zero": number("0")},
		}}
	}
	var wg sync.WaitGroup
	for m := range movers {
		wg.Go(func() {
			for i := range moves {
				from := (m + i) % accounts
				to := (from + 1 + i%(accounts-1)) % accounts
				_, err := s.client.TransactWriteItems(context.Background(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{step(from, "-1"), step(to, "1")}})
				if code := codeOf(err); code != "" && code != "TransactionCanceledException" {
					t.Errorf("move: %v", err)
				}
			}
		})
		wg.Go(func() {
			for range moves {
				if sum, want := s.sum(t, "bank"), accounts*start; sum != want {
					t.Errorf("sum of the accounts = %d, want %d", sum, want)
				}
			}
		})
	}
	wg.Wait()
}

func (s *stage) sum(t testing.TB, pk string) (sum int) {
	out, err := s.client.Query(context.Background(), &sdk.QueryInput{
		TableName: &spec.Name, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: map[string]types.AttributeValue{":p": text(pk)},
	})
	if err != nil {
		t.Error(err)
		return 0
	}
	for _, item := range out.Items {
		n := 0
		if _, err := fmt.Sscan(textOf(item["n"]), &n); err != nil {
			t.Error(err)
		}
		sum += n
	}
	return sum
}
