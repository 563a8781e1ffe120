package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestBatchGetItem(t *testing.T) {
	s := open(t)
	for i := range 3 {
		it := key("a", fmt.Sprint(i))
		it["name"] = text(fmt.Sprint("n", i))
		s.put(t, it)
	}
	projection := "#n"
	out, err := s.client.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		spec.Name: {
			Keys:                 []map[string]types.AttributeValue{key("a", "2"), key("a", "absent"), key("a", "0")},
			ProjectionExpression: &projection, ExpressionAttributeNames: map[string]string{"#n": "name"},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range out.Responses[spec.Name] {
		got = append(got, textOf(item["name"]))
	}
	if got, want := strings.Join(got, " "), "n2 n0"; got != want || len(out.UnprocessedKeys) != 0 {
		t.Errorf("BatchGetItem = %s, %d unprocessed; want %s, 0", got, len(out.UnprocessedKeys), want)
	}
}

// Fifty items of 390 KB are more than the 16 MB an answer holds: the keys left
// over come back ready to be asked again.
func TestBatchGetItem_Unprocessed(t *testing.T) {
	s := open(t)
	var keys []map[string]types.AttributeValue
	for i := range 50 {
		it := key("a", fmt.Sprintf("%02d", i))
		it["x"] = text(strings.Repeat("x", 390<<10))
		s.put(t, it)
		keys = append(keys, key("a", fmt.Sprintf("%02d", i)))
	}
	request := map[string]types.KeysAndAttributes{spec.Name: {Keys: keys}}
	var counts []int
	for len(request) > 0 {
		out, err := s.client.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{RequestItems: request})
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(out.Responses[spec.Name]))
		request = out.UnprocessedKeys
	}
	if got, want := fmt.Sprint(counts), "[42 8]"; got != want {
		t.Errorf("items in each answer = %s, want %s", got, want)
	}
}

func TestBatchWriteItem(t *testing.T) {
	s := open(t)
	s.put(t, key("a", "old"))
	got := s.do(t, "BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"new"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"old"}}}}]},"ReturnConsumedCapacity":"TOTAL"}`)
	if want := `{"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"things","CapacityUnits":2}]}`; got != want {
		t.Errorf("BatchWriteItem = %s, want %s", got, want)
	}
	if got, want := strings.Join(s.sortKeys(t, "a"), " "), "new"; got != want {
		t.Errorf("after the batch: %s, want %s", got, want)
	}
}

func TestBatch_Refused(t *testing.T) {
	s := open(t)
	const k = `{"pk":{"S":"a"},"sk":{"S":"b"}}`
	tests := []struct{ name, operation, body, code, message string }{
		{"nothing", "BatchGetItem", `{"RequestItems":{}}`, "ValidationException", "'requestItems' failed"},
		{"no keys", "BatchGetItem", `{"RequestItems":{"things":{"Keys":[]}}}`, "ValidationException", "member.keys"},
		{"duplicates", "BatchGetItem", `{"RequestItems":{"things":{"Keys":[` + k + "," + k + `]}}}`, "ValidationException", "contains duplicates"},
		{"too many", "BatchGetItem", `{"RequestItems":{"things":{"Keys":[` + manyKeys(101) + `]}}}`, "ValidationException", "Too many items"},
		{"no table", "BatchGetItem", `{"RequestItems":{"nothing":{"Keys":[` + k + `]}}}`, "ResourceNotFoundException", "not found"},
		{"legacy", "BatchGetItem", `{"RequestItems":{"things":{"Keys":[` + k + `],"AttributesToGet":["a"]}}}`, "ValidationException", "legacy parameter AttributesToGet"},
		{"not an object", "BatchGetItem", `{"RequestItems":{"things":[]}}`, "SerializationException", "things must be an object"},
		{"nothing", "BatchWriteItem", `{"RequestItems":{}}`, "ValidationException", "'requestItems' failed"},
		{"empty", "BatchWriteItem", `{"RequestItems":{"things":[]}}`, "ValidationException", "want 1 to 25"},
		{"both", "BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":` + k + `},"DeleteRequest":{"Key":` + k + `}}]}}`, "ValidationException", "exactly one"},
		{"duplicates", "BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":` + k + `}},{"DeleteRequest":{"Key":` + k + `}}]}}`, "ValidationException", "contains duplicates"},
		{"condition", "BatchWriteItem", `{"RequestItems":{"things":[{"PutRequest":{"Item":` + k + `,"ConditionExpression":"a = b"}}]}}`, "ValidationException", "ConditionExpression is not supported"},
	}
	for _, tc := range tests {
		t.Run(tc.operation+" "+tc.name, func(t *testing.T) {
			code, message := s.refused(t, tc.operation, tc.body)
			if code != tc.code || !strings.Contains(message, tc.message) {
				t.Errorf("%s = %s: %s, want %s: ...%s...", tc.operation, code, message, tc.code, tc.message)
			}
		})
	}
}

func manyKeys(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf(`{"pk":{"S":"a"},"sk":{"S":"%d"}}`, i)
	}
	return strings.Join(keys, ",")
}
