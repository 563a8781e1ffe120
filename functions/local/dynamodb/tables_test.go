package dynamodb_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/functions/local/dynamodb"
)

func createInput(name string) *sdk.CreateTableInput {
	attribute := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: kind}
	}
	element := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	return &sdk.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute("h", "B"), attribute("r", "N"), attribute("g", "S")},
		KeySchema:            []types.KeySchemaElement{element("h", "HASH"), element("r", "RANGE")},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-g"), KeySchema: []types.KeySchemaElement{element("g", "HASH")},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	}
}

func TestCreateTable(t *testing.T) {
	s := open(t)
	if _, err := s.client.CreateTable(t.Context(), createInput("made")); err != nil {
		t.Fatal(err)
	}
	if err := sdk.NewTableExistsWaiter(s.client).Wait(t.Context(), &sdk.DescribeTableInput{TableName: aws.String("made")}, time.Second); err != nil {
		t.Errorf("waiting for the table = %v", err)
	}
	if _, err := s.client.CreateTable(t.Context(), createInput("made")); codeOf(err) != "ResourceInUseException" {
		t.Errorf("second CreateTable = %v, want ResourceInUseException", err)
	}
	out, err := s.client.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: aws.String("made")})
	if err != nil {
		t.Fatal(err)
	}
	d := out.Table
	if d.TableStatus != types.TableStatusActive || d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest || len(d.AttributeDefinitions) != 3 {
		t.Errorf("DescribeTable = %+v, want an active table on demand with three attributes", d)
	}
	if got, want := d.CreationDateTime.Unix(), s.clock.now().Unix(); got != want {
		t.Errorf("CreationDateTime = %d, want %d", got, want)
	}
	if len(d.GlobalSecondaryIndexes) != 1 || d.GlobalSecondaryIndexes[0].Projection.ProjectionType != types.ProjectionTypeKeysOnly {
		t.Errorf("indexes = %+v, want by-g with keys only", d.GlobalSecondaryIndexes)
	}
	_, err = s.client.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: aws.String("other")})
	if codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("DescribeTable(other) = %v, want ResourceNotFoundException", err)
	}
}

func TestDescribeTable_Counts(t *testing.T) {
	s := open(t)
	s.put(t, key("a", "1"))
	s.put(t, key("a", "2"))
	out, err := s.client.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &spec.Name})
	if err != nil {
		t.Fatal(err)
	}
	if items, size := aws.ToInt64(out.Table.ItemCount), aws.ToInt64(out.Table.TableSizeBytes); items != 2 || size != 12 {
		t.Errorf("ItemCount, TableSizeBytes = %d, %d; want 2, 12", items, size)
	}
}

func TestCreateTable_Refused(t *testing.T) {
	s := open(t)
	const keys = `"AttributeDefinitions":[{"AttributeName":"h","AttributeType":"S"}],"KeySchema":[{"AttributeName":"h","KeyType":"HASH"}],`
	tests := []struct{ name, body, message string }{
		{"no throughput", `{"TableName":"abc",` + keys + `"BillingMode":"PROVISIONED"}`, "ProvisionedThroughput must be given"},
		{"key not defined", `{"TableName":"abc","AttributeDefinitions":[],"KeySchema":[{"AttributeName":"h","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}`, "not defined in AttributeDefinitions"},
		{"too many definitions", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"h","AttributeType":"S"},{"AttributeName":"x","AttributeType":"S"}],"KeySchema":[{"AttributeName":"h","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}`, "does not exactly match"},
		{"key type", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"h","AttributeType":"BOOL"}],"KeySchema":[{"AttributeName":"h","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}`, "enum value set"},
		{"range first", `{"TableName":"abc","AttributeDefinitions":[{"AttributeName":"h","AttributeType":"S"}],"KeySchema":[{"AttributeName":"h","KeyType":"RANGE"}],"BillingMode":"PAY_PER_REQUEST"}`, "Invalid KeySchema"},
		{"local index", `{"TableName":"abc",` + keys + `"BillingMode":"PAY_PER_REQUEST","LocalSecondaryIndexes":[]}`, "LocalSecondaryIndexes is not supported"},
		{"stream", `{"TableName":"abc",` + keys + `"BillingMode":"PAY_PER_REQUEST","StreamSpecification":{"StreamEnabled":true}}`, "StreamSpecification is not supported"},
		{"name", `{"TableName":"a b",` + keys + `"BillingMode":"PAY_PER_REQUEST"}`, "'tableName' failed"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, message := s.refused(t, "CreateTable", tc.body)
			if code != "ValidationException" || !strings.Contains(message, tc.message) {
				t.Errorf("CreateTable = %s: %s, want ValidationException: ...%s...", code, message, tc.message)
			}
		})
	}
}

func TestListTables(t *testing.T) {
	s := open(t)
	for _, name := range []string{"bbb", "aaa"} {
		if err := s.db.EnsureTable(dynamodb.TableSpec{Name: name, Hash: dynamodb.Attribute{Name: "h", Type: "S"}}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	pages := sdk.NewListTablesPaginator(s.client, &sdk.ListTablesInput{Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join(page.TableNames, " "))
	}
	if got, want := strings.Join(got, "|"), "aaa bbb|things"; got != want {
		t.Errorf("ListTables in pages of two = %q, want %q", got, want)
	}
}

func TestEnsureTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	for _, step := range []struct {
		name    string
		change  func(*dynamodb.TableSpec)
		wantErr string
	}{
		{"created", func(*dynamodb.TableSpec) {}, ""},
		{"there already", func(*dynamodb.TableSpec) {}, ""},
		{"ttl set", func(s *dynamodb.TableSpec) { s.TTL = "expires_at" }, ""},
		{"other keys", func(s *dynamodb.TableSpec) { s.Hash.Type = "N" }, "exists with other keys"},
		{"other indexes", func(s *dynamodb.TableSpec) { s.Indexes = nil }, "exists with other keys"},
		{"no key", func(s *dynamodb.TableSpec) { s.Hash = dynamodb.Attribute{} }, "key attributes must be named"},
	} {
		// Opened anew each time: the spec must survive the file.
		db, err := dynamodb.Open(path, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		changed := spec
		step.change(&changed)
		err = db.EnsureTable(changed)
		if step.wantErr == "" && err != nil || step.wantErr != "" && (err == nil || !strings.Contains(err.Error(), step.wantErr)) {
			t.Errorf("%s: EnsureTable = %v, want %q", step.name, err, step.wantErr)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_Locked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := dynamodb.Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dynamodb.Open(path, time.Now); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second Open = %v, want that another process has it open", err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v, want nil, also the second time", err)
		}
	}
}

func TestTimeToLive(t *testing.T) {
	s := open(t)
	s.do(t, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"before"},"expires_at":{"N":"1700000050"},"gsi1pk":{"S":"g"},"gsi1sk":{"S":"s"}}}`)
	spec := &types.TimeToLiveSpecification{AttributeName: aws.String("expires_at"), Enabled: aws.Bool(true)}
	if _, err := s.client.UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{TableName: aws.String("things"), TimeToLiveSpecification: spec}); err != nil {
		t.Fatal(err)
	}
	out, err := s.client.DescribeTimeToLive(t.Context(), &sdk.DescribeTimeToLiveInput{TableName: aws.String("things")})
	if err != nil || out.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || aws.ToString(out.TimeToLiveDescription.AttributeName) != "expires_at" {
		t.Errorf("DescribeTimeToLive = %+v, %v; want enabled on expires_at", out, err)
	}
	for sk, expires := range map[string]string{
		"at":         `{"N":"1700000100"}`, // not yet in the past at that second
		"fraction":   `{"N":"1700000099.5"}`,
		"later":      `{"N":"1700000200"}`,
		"text":       `{"S":"1700000050"}`, // only numbers expire
		"milli":      `{"N":"1700000000000"}`,
		"five years": `{"N":"1500000000"}`, // taken for a mistake
		"negative":   `{"N":"-5"}`,
	} {
		s.do(t, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"`+sk+`"},"expires_at":`+expires+`}}`)
	}
	s.do(t, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"prolonged"},"expires_at":{"N":"1700000001"}}}`)
	s.do(t, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"prolonged"}},"UpdateExpression":"SET expires_at = expires_at + :d","ExpressionAttributeValues":{":d":{"N":"1000"}}}`)
	s.clock.advance(100 * time.Second)
	if n := len(s.sortKeys(t, "a")); n != 9 {
		t.Errorf("%d items before the sweep, want all 9: expired items stay visible until they are deleted", n)
	}
	if n, err := s.db.Sweep(); n != 2 || err != nil {
		t.Errorf("Sweep() = %d, %v; want 2", n, err)
	}
	if got, want := strings.Join(s.sortKeys(t, "a"), " "), "at five years later milli negative prolonged text"; got != want {
		t.Errorf("left after the sweep: %s, want %s", got, want)
	}
	index := s.do(t, "Query", `{"TableName":"things","IndexName":"gsi1","KeyConditionExpression":"gsi1pk = :g","ExpressionAttributeValues":{":g":{"S":"g"}}}`)
	if want := `{"Count":0,"ScannedCount":0,"Items":[]}`; index != want {
		t.Errorf("index after the sweep = %s, want %s", index, want)
	}
}

func TestUpdateTimeToLive_Refused(t *testing.T) {
	s := open(t)
	set := func(attribute, enabled string) string {
		return `{"TableName":"things","TimeToLiveSpecification":{"AttributeName":"` + attribute + `","Enabled":` + enabled + `}}`
	}
	steps := []struct{ name, body, want string }{
		{"already off", set("a", "false"), "already disabled"},
		{"on", set("a", "true"), ""},
		{"already on", set("a", "true"), "already enabled"},
		{"off by another name", set("b", "false"), "active on a different AttributeName: current AttributeName is a"},
		{"off", set("a", "false"), ""},
		{"no name", set("", "true"), "length greater than or equal to 1"},
		{"no specification", `{"TableName":"things"}`, "must not be null"},
	}
	for _, step := range steps {
		if step.want == "" {
			s.do(t, "UpdateTimeToLive", step.body)
			continue
		}
		if code, message := s.refused(t, "UpdateTimeToLive", step.body); code != "ValidationException" || !strings.Contains(message, step.want) {
			t.Errorf("%s: UpdateTimeToLive = %s: %s, want ValidationException: ...%s...", step.name, code, message, step.want)
		}
	}
}
