package dynamodb_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/functions/local/dynamodb"
)

// textOf returns the text of an S or N value.
func textOf(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

// pages runs a Query page by page and returns the sort keys of each page.
func (s *stage) pages(t testing.TB, in *sdk.QueryInput, attribute string) [][]string {
	t.Helper()
	var out [][]string
	pages := sdk.NewQueryPaginator(s.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, item := range page.Items {
			keys = append(keys, textOf(item[attribute]))
		}
		out = append(out, keys)
	}
	return out
}

// sortKeys returns the sort keys of a partition.
func (s *stage) sortKeys(t testing.TB, pk string) []string {
	t.Helper()
	return slices.Concat(s.pages(t, &sdk.QueryInput{
		TableName: aws.String("things"), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(pk)},
	}, "sk")...)
}

func TestQuery_Ranges(t *testing.T) {
	s := open(t)
	// A partition whose name begins with another's, and bytes that the key
	// encoding has to escape, must not mix.
	for _, pk := range []string{"a", "a\x00", "a\x00b", "ab", "b"} {
		for _, sk := range []string{"1", "10", "2", "2\x00", "2\x01", "é", "\U0001F600"} {
			s.put(t, key(pk, sk))
		}
	}
	const emoji = "\U0001F600"
	tests := []struct {
		condition string
		low, high string
		want      []string
	}{
		{"pk = :p", "", "", []string{"1", "10", "2", "2\x00", "2\x01", "é", emoji}},
		{"pk = :p AND sk = :l", "2", "", []string{"2"}},
		{"pk = :p AND sk < :l", "2", "", []string{"1", "10"}},
		{"pk = :p AND sk <= :l", "2", "", []string{"1", "10", "2"}},
		{"pk = :p AND sk > :l", "2", "", []string{"2\x00", "2\x01", "é", emoji}},
		{"pk = :p AND sk >= :l", "2", "", []string{"2", "2\x00", "2\x01", "é", emoji}},
		{"sk >= :l AND pk = :p", "é", "", []string{"é", emoji}},
		{"pk = :p AND sk BETWEEN :l AND :h", "10", "2\x00", []string{"10", "2", "2\x00"}},
		{"(pk = :p) AND (sk BETWEEN :l AND :h)", "3", "4", nil},
		{"pk = :p AND begins_with(sk, :l)", "2", "", []string{"2", "2\x00", "2\x01"}},
		{"pk = :p AND begins_with(sk, :l)", "2\x00", "", []string{"2\x00"}},
	}
	for _, tc := range tests {
		for _, forward := range []bool{true, false} {
			for _, limit := range []int32{0, 1, 2} {
				in := &sdk.QueryInput{
					TableName: &spec.Name, KeyConditionExpression: &tc.condition, ScanIndexForward: &forward,
					ExpressionAttributeValues: map[string]types.AttributeValue{":p": text("a")},
				}
				if tc.low != "" {
					in.ExpressionAttributeValues[":l"] = text(tc.low)
				}
				if tc.high != "" {
					in.ExpressionAttributeValues[":h"] = text(tc.high)
				}
				if limit > 0 {
					in.Limit = &limit
				}
				want := slices.Clone(tc.want)
				if !forward {
					slices.Reverse(want)
				}
				if got := slices.Concat(s.pages(t, in, "sk")...); !slices.Equal(got, want) {
					t.Errorf("%s (%q, %q), forward %v, limit %d = %q, want %q", tc.condition, tc.low, tc.high, forward, limit, got, want)
				}
			}
		}
	}
}

// Numbers sort by value, in both directions, with numbers that float64 cannot
// tell apart.
func TestQuery_NumberOrder(t *testing.T) {
	s := open(t)
	if err := s.db.EnsureTable(dynamodb.TableSpec{Name: "numbers", Hash: dynamodb.Attribute{Name: "h", Type: "N"}, Range: dynamodb.Attribute{Name: "r", Type: "N"}}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-1" + strings.Repeat("0", 125), "-12345678901234567890123456789012345678", "-12345678901234567890123456789012345677",
		"-100", "-99.5", "-10", "-1.01", "-1", "-0.5", "-0." + strings.Repeat("0", 129) + "1", "0",
		"0." + strings.Repeat("0", 129) + "1", "0.05", "0.5", "0.50001", "1", "1.5", "2", "10", "11", "100",
		"12345678901234567890123456789012345677", "12345678901234567890123456789012345678", "9" + strings.Repeat("0", 125),
	}
	shuffled := slices.Clone(want)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, n := range shuffled {
		s.do(t, "PutItem", `{"TableName":"numbers","Item":{"h":{"N":"1.0"},"r":{"N":"`+n+`"}}}`)
	}
	in := &sdk.QueryInput{
		TableName: aws.String("numbers"), KeyConditionExpression: aws.String("h = :h"), Limit: aws.Int32(3),
		ExpressionAttributeValues: map[string]types.AttributeValue{":h": number("10e-1")},
	}
	if got := slices.Concat(s.pages(t, in, "r")...); !slices.Equal(got, want) {
		t.Errorf("numbers in order = %q, want %q", got, want)
	}
}

func TestQuery_Index(t *testing.T) {
	s := open(t)
	item := func(sk, gpk, gsk string) {
		it := key("p"+sk, sk)
		it["kept"], it["left"] = text("k"+sk), text("l"+sk)
		if gpk != "" {
			it["gsi1pk"] = text(gpk)
		}
		if gsk != "" {
			it["gsi1sk"] = text(gsk)
		}
		s.put(t, it)
	}
	item("1", "g", "b")
	item("2", "g", "a")
	item("3", "g", "b") // the same index key as 1
	item("4", "g", "")  // not in gsi1, but in small
	item("5", "", "a")
	item("6", "other", "a")
	in := &sdk.QueryInput{
		TableName: &spec.Name, IndexName: aws.String("gsi1"), KeyConditionExpression: aws.String("gsi1pk = :g"), Limit: aws.Int32(1),
		ExpressionAttributeValues: map[string]types.AttributeValue{":g": text("g")},
	}
	if got, want := fmt.Sprint(s.pages(t, in, "sk")), "[[2] [1] [3] []]"; got != want {
		t.Errorf("index in pages of one = %s, want %s", got, want)
	}
	in.ScanIndexForward = aws.Bool(false)
	if got, want := fmt.Sprint(s.pages(t, in, "left")), "[[l3] [l1] [l2] []]"; got != want {
		t.Errorf("index backwards = %s, want %s", got, want)
	}
	in = &sdk.QueryInput{TableName: &spec.Name, IndexName: aws.String("small"), KeyConditionExpression: aws.String("gsi1pk = :g"), ExpressionAttributeValues: in.ExpressionAttributeValues}
	if got, want := fmt.Sprint(s.pages(t, in, "kept"), s.pages(t, in, "left")), "[[k1 k2 k3 k4]] [[   ]]"; got != want {
		t.Errorf("index with some attributes: kept, left = %s, want %s", got, want)
	}
	// The entry moves with its item, and goes with it.
	s.do(t, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"p2"},"sk":{"S":"2"}},"UpdateExpression":"SET gsi1sk = :c","ExpressionAttributeValues":{":c":{"S":"c"}}}`)
	s.do(t, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"p1"},"sk":{"S":"1"}},"UpdateExpression":"REMOVE gsi1sk"}`)
	s.do(t, "DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"p4"},"sk":{"S":"4"}}}`)
	gsi1 := *in
	gsi1.IndexName = aws.String("gsi1")
	if got, want := fmt.Sprint(s.pages(t, &gsi1, "sk"), s.pages(t, in, "sk")), "[[3 2]] [[1 2 3]]"; got != want {
		t.Errorf("indexes after the changes = %s, want %s", got, want)
	}
}

func TestQuery_FilterCountsWhatItLooksAt(t *testing.T) {
	s := open(t)
	for i := range 6 {
		it := key("a", fmt.Sprint(i))
		it["n"] = number(fmt.Sprint(i % 2))
		s.put(t, it)
	}
	const tail = `"KeyConditionExpression":"pk = :p","FilterExpression":"n = :one","Limit":3,"ExpressionAttributeValues":{":p":{"S":"a"},":one":{"N":"1"}}}`
	tests := []struct{ members, want string }{
		{``, `{"Count":1,"ScannedCount":3,"Items":[{"n":{"N":"1"},"pk":{"S":"a"},"sk":{"S":"1"}}],"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"2"}}}`},
		{`"Select":"COUNT",`, `{"Count":1,"ScannedCount":3,"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"2"}}}`},
		{`"ProjectionExpression":"sk","ReturnConsumedCapacity":"TOTAL",`, `{"Count":1,"ScannedCount":3,"Items":[{"sk":{"S":"1"}}],"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"2"}},"ConsumedCapacity":{"TableName":"things","CapacityUnits":0.5}}`},
		{`"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"2"}},`, `{"Count":2,"ScannedCount":3,"Items":[{"n":{"N":"1"},"pk":{"S":"a"},"sk":{"S":"3"}},{"n":{"N":"1"},"pk":{"S":"a"},"sk":{"S":"5"}}],"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"5"}}}`},
		{`"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"5"}},`, `{"Count":0,"ScannedCount":0,"Items":[]}`},
		{`"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"22"}},"ScanIndexForward":false,`, `{"Count":1,"ScannedCount":3,"Items":[{"n":{"N":"1"},"pk":{"S":"a"},"sk":{"S":"1"}}],"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"0"}}}`},
	}
	for _, tc := range tests {
		if got := s.do(t, "Query", `{"TableName":"things",`+tc.members+tail); got != tc.want {
			t.Errorf("Query with %s = %s, want %s", tc.members, got, tc.want)
		}
	}
}

// A page ends before it would pass 1 MB: ten items of 300 KB take three a page.
func TestQuery_PageSize(t *testing.T) {
	s := open(t)
	for i := range 10 {
		it := key("a", fmt.Sprint(i))
		it["x"] = text(strings.Repeat("x", 300<<10))
		s.put(t, it)
	}
	in := &sdk.QueryInput{TableName: &spec.Name, KeyConditionExpression: aws.String("pk = :p"), ExpressionAttributeValues: map[string]types.AttributeValue{":p": text("a")}}
	if got, want := fmt.Sprint(s.pages(t, in, "sk")), "[[0 1 2] [3 4 5] [6 7 8] [9]]"; got != want {
		t.Errorf("pages = %s, want %s", got, want)
	}
}

func TestQuery_Refused(t *testing.T) {
	s := open(t)
	tests := []struct{ name, members, condition, message string }{
		{"no condition", ``, ``, "KeyConditionExpression parameter must be specified"},
		{"no such index", `"IndexName":"other",`, `pk = :p`, "does not have the specified index: other"},
		{"consistent index", `"IndexName":"gsi1","ConsistentRead":true,`, `gsi1pk = :p`, "Consistent reads are not supported on global secondary indexes"},
		{"hash missing", ``, `sk = :p`, "missed key schema element: pk"},
		{"foreign attribute", ``, `pk = :p AND x = :p`, "missed key schema element: sk"},
		{"hash range", ``, `pk > :p`, "Query key condition not supported"},
		{"or", ``, `pk = :p OR sk = :p`, "Invalid operator used in KeyConditionExpression: OR"},
		{"not", ``, `NOT pk = :p`, "Invalid operator used in KeyConditionExpression: NOT"},
		{"unequal", ``, `pk = :p AND sk <> :p`, "Invalid operator used in KeyConditionExpression: <>"},
		{"in", ``, `pk IN (:p)`, "Invalid operator used in KeyConditionExpression: IN"},
		{"twice", ``, `pk = :p AND pk = :p`, "only contain one condition per key"},
		{"nested", ``, `pk.a = :p`, "nested attributes"},
		{"flipped", ``, `:p = pk`, "must have the key attribute as its first operand"},
		{"type", ``, `pk = :n`, "Condition parameter type does not match schema type"},
		{"filter on key", `"FilterExpression":"sk = :p",`, `pk = :p`, "non-primary key attributes: Primary key attribute: sk"},
		{"limit", `"Limit":0,`, `pk = :p`, "greater than or equal to 1"},
		{"start key", `"ExclusiveStartKey":{"pk":{"S":"a"}},`, `pk = :p`, "starting key is invalid"},
		{"start outside", `"ExclusiveStartKey":{"pk":{"S":"b"},"sk":{"S":"b"}},`, `pk = :p`, "outside query boundaries"},
		{"select projected", `"Select":"ALL_PROJECTED_ATTRIBUTES",`, `pk = :p`, "only when Querying using an IndexName"},
		{"select with projection", `"Select":"COUNT","ProjectionExpression":"x",`, `pk = :p`, "Cannot specify the ProjectionExpression"},
		{"select nothing", `"Select":"SPECIFIC_ATTRIBUTES",`, `pk = :p`, "Must specify the ProjectionExpression"},
		{"select all of a small index", `"IndexName":"small","Select":"ALL_ATTRIBUTES",`, `gsi1pk = :p`, "projection type is not ALL"},
		{"project what is not there", `"IndexName":"small","ProjectionExpression":"kept, pk, gone",`, `gsi1pk = :p`, "does not project [gone]"},
		{"legacy", `"KeyConditions":{},`, `pk = :p`, "legacy parameter KeyConditions"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			condition, values := "", `":p":{"S":"p"}`
			if strings.Contains(tc.condition, ":n") {
				values = `":n":{"N":"1"}`
			}
			if tc.condition != "" {
				condition = `"KeyConditionExpression":"` + tc.condition + `",`
			}
			code, message := s.refused(t, "Query", `{"TableName":"things",`+tc.members+condition+`"ExpressionAttributeValues":{`+values+`}}`)
			if code != "ValidationException" || !strings.Contains(message, tc.message) {
				t.Errorf("Query %s = %s: %s, want ValidationException: ...%s...", tc.condition, code, message, tc.message)
			}
		})
	}
}
