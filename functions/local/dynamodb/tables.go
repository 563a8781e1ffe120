package dynamodb

import (
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// arnPrefix is the ARN of a table without its name; the stage is an account
// and a region of its own.
const arnPrefix = "arn:aws:dynamodb:us-east-1:000000000000:table/"

// createTable makes a table, active at once. Local secondary indexes, streams,
// tags and the like are refused as members nobody reads.
func (db *DB) createTable(m *members) (object, error) {
	r := tableRecord{Spec: TableSpec{Name: m.text("TableName")}}
	types := m.attributeTypes()
	used := map[string]bool{}
	r.Spec.Hash, r.Spec.Range = m.keySchema(types, used)
	for _, g := range m.objects("GlobalSecondaryIndexes") {
		ix := IndexSpec{Name: g.text("IndexName")}
		ix.Hash, ix.Range = g.keySchema(types, used)
		if p := g.nested("Projection"); p != nil {
			ix.Projection = p.choice("ProjectionType", projectAll, projectKeys, projectInclude)
			for _, n := range p.list("NonKeyAttributes") {
				name, _ := n.(string)
				ix.NonKey = append(ix.NonKey, name)
			}
			m.adopt(p)
		}
		g.throughput(&tableRecord{}) // accepted; capacity is never enforced
		m.adopt(g)
		r.Spec.Indexes = append(r.Spec.Indexes, ix)
	}
	m.throughput(&r)
	billing := m.choice("BillingMode", "PROVISIONED", "PAY_PER_REQUEST")
	if err := m.done(); err != nil {
		return nil, err
	}
	// PROVISIONED is AWS's default, so a table without either member is refused.
	if (billing == "PROVISIONED") != (r.ReadCap > 0) {
		return nil, invalid("One or more parameter values were invalid: ProvisionedThroughput must be given when BillingMode is PROVISIONED, and only then")
	}
	// DynamoDB has no schema but keys: an attribute that is none has no type.
	if len(used) != len(types) {
		return nil, invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	if err := r.Spec.normalise(); err != nil {
		return nil, err
	}
	t, err := db.create(r)
	if err != nil {
		return nil, err
	}
	return object{{"TableDescription", t.describe(0, 0)}}, nil
}

// adopt reports what a nested object did not read as this object's error.
func (m *members) adopt(nested *members) {
	if err := nested.done(); err != nil {
		m.fail(err)
	}
}

// attributeTypes reads AttributeDefinitions.
func (m *members) attributeTypes() map[string]string {
	types := map[string]string{}
	for _, d := range m.objects("AttributeDefinitions") {
		types[d.text("AttributeName")] = d.text("AttributeType")
		m.adopt(d)
	}
	return types
}

// keySchema reads KeySchema: HASH, then at most one RANGE. Names it uses are
// noted in used.
func (m *members) keySchema(types map[string]string, used map[string]bool) (hash, sort Attribute) {
	elements := m.objects("KeySchema")
	if len(elements) == 0 || len(elements) > 2 {
		m.fail(invalid("One or more parameter values were invalid: KeySchema must have one HASH and at most one RANGE element"))
		return hash, sort
	}
	for i, e := range elements {
		a := Attribute{Name: e.text("AttributeName")}
		role := e.text("KeyType")
		m.adopt(e)
		defined := false
		if a.Type, defined = types[a.Name]; !defined {
			m.fail(invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", a.Name))
		}
		used[a.Name] = true
		switch {
		case i == 0 && role == "HASH":
			hash = a
		case i == 1 && role == "RANGE":
			sort = a
		default:
			m.fail(invalid("Invalid KeySchema: element %d must not be %q", i, role))
		}
	}
	return hash, sort
}

// throughput reads ProvisionedThroughput when it is there.
func (m *members) throughput(r *tableRecord) {
	p := m.nested("ProvisionedThroughput")
	if p == nil {
		return
	}
	r.ReadCap, _ = p.whole("ReadCapacityUnits")
	r.WriteCap, _ = p.whole("WriteCapacityUnits")
	m.adopt(p)
	if r.ReadCap < 1 || r.WriteCap < 1 {
		m.fail(invalid("1 validation error detected: ReadCapacityUnits and WriteCapacityUnits must be at least 1"))
	}
}

// describeTable describes a table with its counts as they are now, where AWS
// updates them every six hours. It walks the whole table for them.
func (db *DB) describeTable(m *members) (object, error) {
	name := m.text("TableName")
	if err := m.done(); err != nil {
		return nil, err
	}
	t, err := db.describedTable(name)
	if err != nil {
		return nil, err
	}
	items, size := 0, 0
	// A walk, not a counter: one would have to be kept with every write, for an
	// operation that a stage sees a few times.
	err = db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(t.items).ForEach(func(_, data []byte) error {
			items++
			size += decodeStored(data).size
			return nil
		})
	})
	return object{{"Table", t.describe(items, size)}}, err
}

// describedTable is table with the message of the operations about tables.
func (db *DB) describedTable(name string) (*table, error) {
	// A name that could be no table's is refused as such, by table.
	if _, ok := db.tables[name]; !ok && tableName.MatchString(name) {
		return nil, notFound("Requested resource not found: Table: %s not found", name)
	}
	return db.table(name)
}

// describe returns the TableDescription.
func (t *table) describe(items, size int) object {
	arn := arnPrefix + t.Spec.Name
	out := object{
		{"TableName", t.Spec.Name}, {"TableArn", arn}, {"TableId", t.ID}, {"TableStatus", "ACTIVE"},
		// Seconds with a fraction, as AWS JSON 1.0 writes times.
		{"CreationDateTime", float64(t.Created.UnixMilli()) / 1000},
		{"AttributeDefinitions", t.definitions()}, {"KeySchema", t.keys.describe()},
		{"ItemCount", items}, {"TableSizeBytes", size},
		{"ProvisionedThroughput", object{
			{"ReadCapacityUnits", int(t.ReadCap)}, {"WriteCapacityUnits", int(t.WriteCap)}, {"NumberOfDecreasesToday", 0},
		}},
	}
	if t.ReadCap == 0 {
		out = append(out, member{"BillingModeSummary", object{{"BillingMode", "PAY_PER_REQUEST"}}})
	}
	if len(t.indexes) == 0 {
		return out
	}
	indexes := make([]object, len(t.indexes))
	for i, ix := range t.indexes {
		projection := object{{"ProjectionType", ix.Projection}}
		if ix.Projection == projectInclude {
			projection = append(projection, member{"NonKeyAttributes", ix.NonKey})
		}
		indexes[i] = object{
			{"IndexName", ix.Name}, {"IndexArn", arn + "/index/" + ix.Name}, {"IndexStatus", "ACTIVE"},
			{"KeySchema", ix.keys.describe()}, {"Projection", projection},
		}
	}
	return append(out, member{"GlobalSecondaryIndexes", indexes})
}

// describe returns the KeySchema.
func (s keySchema) describe() []object {
	out := []object{{{"AttributeName", s.hash.Name}, {"KeyType", "HASH"}}}
	if s.sort.Name != "" {
		out = append(out, object{{"AttributeName", s.sort.Name}, {"KeyType", "RANGE"}})
	}
	return out
}

// definitions returns the key attributes of the table and its indexes, each
// once, by name.
func (t *table) definitions() []object {
	types := map[string]string{}
	for _, a := range t.keys.attributes() {
		types[a.Name] = a.Type
	}
	for _, ix := range t.indexes {
		for _, a := range ix.keys.attributes() {
			types[a.Name] = a.Type
		}
	}
	var out []object
	for _, name := range slices.Sorted(maps.Keys(types)) {
		out = append(out, object{{"AttributeName", name}, {"AttributeType", types[name]}})
	}
	return out
}

// maxListedTables is the largest page of ListTables.
const maxListedTables = 100

// listTables answers the names in byte order, page by page.
func (db *DB) listTables(m *members) (object, error) {
	after := m.text("ExclusiveStartTableName")
	limit, ok := m.whole("Limit")
	if !ok {
		limit = maxListedTables
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	if limit < 1 || limit > maxListedTables {
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must be between 1 and %d", limit, maxListedTables)
	}
	names := []string{} // "[]" when there are none, not "null"
	for _, n := range slices.Sorted(maps.Keys(db.tables)) {
		if n > after {
			names = append(names, n)
		}
	}
	if int64(len(names)) <= limit {
		return object{{"TableNames", names}}, nil
	}
	page := names[:limit]
	// The last name of the page, which the next one starts after.
	return object{{"TableNames", page}, {"LastEvaluatedTableName", page[limit-1]}}, nil
}

// updateTimeToLive switches expiry on or off. It takes effect at once, where AWS
// takes up to an hour and refuses a second change within it.
func (db *DB) updateTimeToLive(m *members) (object, error) {
	name := m.text("TableName")
	spec := m.nested("TimeToLiveSpecification")
	if spec == nil {
		m.fail(invalid("1 validation error detected: Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null"))
		return nil, m.done()
	}
	attribute := spec.text("AttributeName")
	enabled, _ := spec.flag("Enabled")
	m.adopt(spec)
	if err := m.done(); err != nil {
		return nil, err
	}
	t, err := db.describedTable(name)
	if err != nil {
		return nil, err
	}
	switch {
	case attribute == "":
		return nil, invalid("1 validation error detected: Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case enabled && t.Spec.TTL != "":
		return nil, invalid("TimeToLive is already enabled")
	case !enabled && t.Spec.TTL == "":
		return nil, invalid("TimeToLive is already disabled")
	case !enabled && t.Spec.TTL != attribute:
		return nil, invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.Spec.TTL)
	}
	target := attribute
	if !enabled {
		target = ""
	}
	if err := db.setTTL(t, target); err != nil {
		return nil, err
	}
	return object{{"TimeToLiveSpecification", object{{"AttributeName", attribute}, {"Enabled", enabled}}}}, nil
}

// describeTimeToLive answers ENABLED or DISABLED, never a state between.
func (db *DB) describeTimeToLive(m *members) (object, error) {
	name := m.text("TableName")
	if err := m.done(); err != nil {
		return nil, err
	}
	t, err := db.describedTable(name)
	if err != nil {
		return nil, err
	}
	description := object{{"TimeToLiveStatus", "DISABLED"}}
	if t.Spec.TTL != "" {
		description = object{{"TimeToLiveStatus", "ENABLED"}, {"AttributeName", t.Spec.TTL}}
	}
	return object{{"TimeToLiveDescription", description}}, nil
}
