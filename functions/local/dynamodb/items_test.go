package dynamodb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestGetItem_AllTypes(t *testing.T) {
	s := open(t)
	item := key("a", "1")
	item["s"] = text("a\"b\\\x01é世")
	item["empty"] = text("")
	item["n"] = number("1e3")
	item["b"] = &types.AttributeValueMemberB{Value: []byte{0, 1, 255}}
	item["bool"] = &types.AttributeValueMemberBOOL{Value: true}
	item["null"] = &types.AttributeValueMemberNULL{Value: true}
	item["ss"] = &types.AttributeValueMemberSS{Value: []string{"y", "x"}}
	item["ns"] = &types.AttributeValueMemberNS{Value: []string{"10", "9", "-1.50"}}
	item["bs"] = &types.AttributeValueMemberBS{Value: [][]byte{{2}, {1}}}
	item["l"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{text("x"), number("1")}}
	item["m"] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"a b": text("v")}}
	s.put(t, item)
	out, err := s.client.GetItem(t.Context(), &sdk.GetItemInput{
		TableName: &spec.Name, Key: key("a", "1"), ConsistentRead: aws.Bool(true), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		t.Fatal(err)
	}
	item["n"] = number("1000")
	item["ss"] = &types.AttributeValueMemberSS{Value: []string{"x", "y"}}
	item["ns"] = &types.AttributeValueMemberNS{Value: []string{"-1.5", "9", "10"}}
	item["bs"] = &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}
	for name, want := range item {
		if got, want := show(out.Item[name]), show(want); got != want {
			t.Errorf("GetItem: %s = %s, want %s", name, got, want)
		}
	}
	if got := aws.ToFloat64(out.ConsumedCapacity.CapacityUnits); got != 1 {
		t.Errorf("GetItem: capacity units = %v, want 1 for a consistent read under 4 KB", got)
	}
	if got := show(item["m"]); !strings.Contains(got, "v") {
		t.Errorf("show(m) = %s, want the content", got)
	}
}

// show writes a value with its type, maps in order of their names.
func show(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberL:
		var parts []string
		for _, e := range v.Value {
			parts = append(parts, show(e))
		}
		return fmt.Sprint("L", parts)
	case *types.AttributeValueMemberM:
		parts := map[string]string{}
		for name, e := range v.Value {
			parts[name] = show(e)
		}
		return fmt.Sprint("M", parts)
	case nil:
		return "absent"
	}
	return fmt.Sprintf("%T%+v", v, v)
}

func TestGetItem_Absent(t *testing.T) {
	s := open(t)
	if got, want := s.do(t, "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}`), "{}"; got != want {
		t.Errorf("GetItem of nothing = %s, want %s", got, want)
	}
}

func TestPutItem_Condition(t *testing.T) {
	s := open(t)
	put := func(showOld types.ReturnValuesOnConditionCheckFailure) (*sdk.PutItemOutput, error) {
		item := key("a", "1")
		item["v"] = number("1")
		return s.client.PutItem(t.Context(), &sdk.PutItemInput{
			TableName: &spec.Name, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"),
			ReturnValuesOnConditionCheckFailure: showOld,
		})
	}
	if _, err := put(""); err != nil {
		t.Fatalf("first PutItem = %v, want it to win", err)
	}
	_, err := put(types.ReturnValuesOnConditionCheckFailureAllOld)
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		t.Fatalf("second PutItem = %v, want ConditionalCheckFailedException", err)
	}
	if got, want := show(failed.Item["v"]), show(number("1")); got != want {
		t.Errorf("item of the failed condition: v = %s, want %s", got, want)
	}
	_, err = put("")
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); !ok || failed.Item != nil {
		t.Errorf("third PutItem = %v, want ConditionalCheckFailedException without the item", err)
	}
}

// Each case is one operation on the item {"v":{"N":"1"},"w":{"S":"x"}}.
func TestReturnValues(t *testing.T) {
	const add = `"UpdateExpression":"SET v = v + :one, fresh = :one","ExpressionAttributeValues":{":one":{"N":"1"}},`
	keyOf := `"Key":{"pk":{"S":"a"},"sk":{"S":"1"}},`
	itemOf := `"Item":{"pk":{"S":"a"},"sk":{"S":"1"},"new":{"BOOL":true}},`
	before := `{"Attributes":{"pk":{"S":"a"},"sk":{"S":"1"},"v":{"N":"1"},"w":{"S":"x"}}}`
	after := `{"Attributes":{"fresh":{"N":"1"},"pk":{"S":"a"},"sk":{"S":"1"},"v":{"N":"2"},"w":{"S":"x"}}}`
	tests := []struct{ operation, members, returns, want string }{
		{"PutItem", itemOf, "NONE", "{}"},
		{"PutItem", itemOf, "ALL_OLD", before},
		{"DeleteItem", keyOf, "NONE", "{}"},
		{"DeleteItem", keyOf, "ALL_OLD", before},
		{"UpdateItem", keyOf + add, "NONE", "{}"},
		{"UpdateItem", keyOf + add, "ALL_OLD", before},
		{"UpdateItem", keyOf + add, "ALL_NEW", after},
		{"UpdateItem", keyOf + add, "UPDATED_OLD", `{"Attributes":{"v":{"N":"1"}}}`},
		{"UpdateItem", keyOf + add, "UPDATED_NEW", `{"Attributes":{"fresh":{"N":"1"},"v":{"N":"2"}}}`},
		{"UpdateItem", keyOf, "UPDATED_NEW", `{}`},
	}
	for _, tc := range tests {
		t.Run(tc.operation+" "+tc.returns, func(t *testing.T) {
			s := open(t)
			s.do(t, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"1"},"v":{"N":"1"},"w":{"S":"x"}}}`)
			got := s.do(t, tc.operation, `{"TableName":"things",`+tc.members+`"ReturnValues":"`+tc.returns+`"}`)
			if got != tc.want {
				t.Errorf("%s returning %s = %s, want %s", tc.operation, tc.returns, got, tc.want)
			}
		})
	}
}

func TestUpdateItem_Creates(t *testing.T) {
	s := open(t)
	got := s.do(t, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}},"UpdateExpression":"ADD n :n",
		"ExpressionAttributeValues":{":n":{"N":"2"}},"ReturnValues":"ALL_NEW","ReturnConsumedCapacity":"INDEXES"}`)
	want := `{"Attributes":{"n":{"N":"2"},"pk":{"S":"a"},"sk":{"S":"1"}},"ConsumedCapacity":{"TableName":"things","CapacityUnits":1,"Table":{"CapacityUnits":1}}}`
	if got != want {
		t.Errorf("UpdateItem = %s, want %s", got, want)
	}
}

func TestUpdateItem_FailedChangesNothing(t *testing.T) {
	s := open(t)
	s.refused(t, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"1"}},"UpdateExpression":"SET a = :n, b = absent","ExpressionAttributeValues":{":n":{"N":"2"}}}`)
	if got := s.sortKeys(t, "a"); len(got) != 0 {
		t.Errorf("after a failed UpdateItem the partition holds %q, want nothing", got)
	}
}

// What AWS answers; texts as documented or observed by users of the service.
func TestItems_Refused(t *testing.T) {
	s := open(t)
	big := strings.Repeat("x", 400<<10)
	tests := []struct{ name, operation, body, code, message string }{
		{"no table", "GetItem", `{"TableName":"nothing","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}`, "ResourceNotFoundException", "Requested resource not found"},
		{"table name", "GetItem", `{"TableName":"a","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}`, "ValidationException", "'tableName' failed"},
		{"key missing", "GetItem", `{"TableName":"things"}`, "ValidationException", "'Key' failed"},
		{"key incomplete", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"}}}`, "ValidationException", "does not match the schema"},
		{"key too much", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"S":"b"}}}`, "ValidationException", "does not match the schema"},
		{"key type", "GetItem", `{"TableName":"things","Key":{"pk":{"N":"1"},"sk":{"S":"b"}}}`, "ValidationException", "does not match the schema"},
		{"key empty", "GetItem", `{"TableName":"things","Key":{"pk":{"S":""},"sk":{"S":"b"}}}`, "ValidationException", "empty string value. Key: pk"},
		{"hash too long", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"` + big[:2049] + `"},"sk":{"S":"b"}}}`, "ValidationException", "Size of hashkey"},
		{"range too long", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"` + big[:1025] + `"}}}`, "ValidationException", "Size of rangekey"},
		{"item without key", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"}}}`, "ValidationException", "Missing the key sk in the item"},
		{"item key type", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}}`, "ValidationException", "Type mismatch for key sk expected: S actual: N"},
		{"index key type", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"gsi1pk":{"N":"1"}}}`, "ValidationException", "Type mismatch for Index Key gsi1pk Expected: S Actual: N IndexName: gsi1"},
		{"index key empty", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"gsi1pk":{"S":""}}}`, "ValidationException", "IndexName: gsi1, IndexKey: gsi1pk"},
		{"too large", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"S":"` + big + `"}}}`, "ValidationException", "Item size has exceeded"},
		{"update key", "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"SET pk = :v","ExpressionAttributeValues":{":v":{"S":"x"}}}`, "ValidationException", "Cannot update attribute pk. This attribute is part of the key"},
		{"update too large", "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"SET x = :v","ExpressionAttributeValues":{":v":{"S":"` + big + `"}}}`, "ValidationException", "Item size to update has exceeded"},
		{"return values", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnValues":"ALL_NEW"}`, "ValidationException", "ReturnValues can only be ALL_OLD or NONE"},
		{"return values word", "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnValues":"MOST"}`, "ValidationException", "enum value set"},
		{"legacy", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"Expected":{}}`, "ValidationException", "legacy parameter Expected"},
		{"legacy update", "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"AttributeUpdates":{}}`, "ValidationException", "legacy parameter AttributeUpdates"},
		{"unknown member", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"Fast":true}`, "ValidationException", "the member Fast is not supported"},
		{"member type", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"ConsistentRead":"yes"}`, "SerializationException", "ConsistentRead"},
		{"value of two types", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a","N":"1"}}}`, "ValidationException", "more than one datatypes"},
		{"value of no type", "PutItem", `{"TableName":"things","Item":{"pk":{}}}`, "ValidationException", "is empty"},
		{"names without expression", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"ExpressionAttributeNames":{"#a":"a"}}`, "ValidationException", "can only be specified when using expressions"},
		{"values without expression", "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ExpressionAttributeValues":{":a":{"S":"a"}}}`, "ValidationException", "can only be specified when using expressions"},
		{"unused value", "DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{":a":{"S":"a"},":b":{"S":"a"}}}`, "ValidationException", "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :b}"},
		{"unused name", "GetItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"ProjectionExpression":"a","ExpressionAttributeNames":{"#a":"a"}}`, "ValidationException", "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, message := s.refused(t, tc.operation, tc.body)
			if code != tc.code || !strings.Contains(message, tc.message) {
				t.Errorf("%s = %s: %s, want %s: ...%s...", tc.operation, code, message, tc.code, tc.message)
			}
		})
	}
	if got, want := s.do(t, "Query", `{"TableName":"things","KeyConditionExpression":"pk = :a","ExpressionAttributeValues":{":a":{"S":"a"}}}`), `{"Count":0,"ScannedCount":0,"Items":[]}`; got != want {
		t.Errorf("after refused writes the partition is %s, want %s", got, want)
	}
}

// An item of exactly the limit is taken: names and values count in UTF-8 bytes.
func TestPutItem_SizeLimit(t *testing.T) {
	s := open(t)
	room := 400<<10 - len("pk"+"a"+"sk"+"b"+"é")
	item := key("a", "b")
	item["é"] = text(strings.Repeat("x", room))
	s.put(t, item)
	item["é"] = text(strings.Repeat("x", room+1))
	_, err := s.client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &spec.Name, Item: item})
	if got, want := codeOf(err), "ValidationException"; got != want {
		t.Errorf("PutItem one byte over 400 KB = %q, want %q", got, want)
	}
}
