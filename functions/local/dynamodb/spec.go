package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"time"

	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
)

// TableSpec describes a table.
type TableSpec struct {
	Name string    // 3 to 255 of a-z A-Z 0-9 _ . -
	Hash Attribute // partition key
	// Range is the sort key; zero when the table has none.
	Range   Attribute
	Indexes []IndexSpec // global secondary indexes
	// TTL names the attribute with the expiry in Unix seconds; "" disables it.
	TTL string
}

// Attribute is a key attribute: its name and its type "S", "N" or "B".
type Attribute struct {
	Name string
	Type string
}

// IndexSpec describes a global secondary index. An item without both of its
// key attributes is not in it.
type IndexSpec struct {
	Name  string    // as a table's, unique in it
	Hash  Attribute // partition key of the index
	Range Attribute // zero when the index has none
	// Projection is "ALL", "KEYS_ONLY" or "INCLUDE"; "" is "ALL".
	Projection string
	NonKey     []string // attributes INCLUDE adds to the keys
}

// tableRecord is what the file keeps of a table.
type tableRecord struct {
	Spec     TableSpec
	Created  time.Time
	ID       string
	ReadCap  int64 // provisioned units; 0 and 0 is on demand
	WriteCap int64
}

// table is a table at work; immutable, replaced as a whole.
type table struct {
	tableRecord
	keys    keySchema
	indexes []index
	items   []byte // bucket: primary key -> size and item
	expiry  []byte // bucket: Unix seconds and primary key -> nothing; kept only while TTL is on
}

// index is a global secondary index at work.
type index struct {
	IndexSpec
	keys   keySchema
	bucket []byte // index key and primary key -> primary key
}

// newTable derives the bucket names; table and index names contain no slash, so
// they cannot run into each other.
func newTable(r tableRecord) *table {
	t := &table{
		tableRecord: r,
		keys:        keySchema{r.Spec.Hash, r.Spec.Range},
		items:       []byte("items/" + r.Spec.Name),
		expiry:      []byte("expiry/" + r.Spec.Name),
	}
	for _, s := range r.Spec.Indexes {
		t.indexes = append(t.indexes, index{
			IndexSpec: s,
			keys:      keySchema{s.Hash, s.Range},
			bucket:    []byte("index/" + r.Spec.Name + "/" + s.Name),
		})
	}
	return t
}

// EnsureTable creates the table unless it is there. A table that is there must
// have the same keys and indexes, else an error says so; its TTL is set to the
// spec's.
func (db *DB) EnsureTable(s TableSpec) error {
	if err := s.normalise(); err != nil {
		return fmt.Errorf("table %s: %w", s.Name, err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	_, err := db.create(tableRecord{Spec: s})
	if e, ok := errors.AsType[*apiError](err); !ok || e.code != "ResourceInUseException" {
		return err
	}
	t, err := db.table(s.Name)
	if err != nil {
		return err
	}
	// TTL is the one thing a table that is there may be given anew.
	same := t.Spec
	same.TTL = s.TTL
	if !reflect.DeepEqual(same, s) {
		return fmt.Errorf("table %s: exists with other keys or indexes", s.Name)
	}
	if t.Spec.TTL == s.TTL {
		return nil
	}
	return db.setTTL(t, s.TTL)
}

// create adds a table and its buckets, or answers ResourceInUseException. The
// caller holds mu alone.
func (db *DB) create(r tableRecord) (*table, error) {
	r.Created = db.now().UTC()
	r.ID = requestID()
	t := newTable(r)
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		if tx.Bucket(tablesBucket).Get([]byte(r.Spec.Name)) != nil {
			return &apiError{code: "ResourceInUseException", msg: "Table already exists: " + r.Spec.Name}
		}
		for _, name := range t.buckets() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return putRecord(tx, t)
	})
	if err == nil {
		db.tables[r.Spec.Name] = t
	}
	return t, err
}

// setTTL makes attribute the one that holds the expiry, "" none, and builds
// the expiry entries anew. The caller holds mu alone.
func (db *DB) setTTL(t *table, attribute string) error {
	r := t.tableRecord
	r.Spec.TTL = attribute
	changed := newTable(r)
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket(t.expiry); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(t.expiry); err != nil {
			return err
		}
		err := tx.Bucket(t.items).ForEach(func(key, data []byte) error {
			item, err := decodeStored(data).item()
			if err != nil {
				return err
			}
			// By the new attribute: t still has the old one.
			return move(tx.Bucket(t.expiry), nil, changed.expiryKey(item, key), nil)
		})
		if err != nil {
			return err
		}
		return putRecord(tx, changed)
	})
	if err == nil {
		db.tables[t.Spec.Name] = changed
	}
	return err
}

// buckets returns the names of all buckets of the table.
func (t *table) buckets() [][]byte {
	names := [][]byte{t.items, t.expiry}
	for _, ix := range t.indexes {
		names = append(names, ix.bucket)
	}
	return names
}

// putRecord writes the table's description.
func putRecord(tx *bbolt.Tx, t *table) error {
	data, err := json.Marshal(t.tableRecord)
	if err != nil {
		return err
	}
	return tx.Bucket(tablesBucket).Put([]byte(t.Spec.Name), data)
}

// tableName is AWS's rule for the names of tables and indexes.
var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// checkTableName refuses what cannot be a table's name before it is looked up.
func checkTableName(name string) error {
	if !tableName.MatchString(name) {
		return invalid("1 validation error detected: Value '%s' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+ and have length between 3 and 255", name)
	}
	return nil
}

// normalise fills in defaults and checks the spec.
func (s *TableSpec) normalise() error {
	if err := checkTableName(s.Name); err != nil {
		return err
	}
	if err := checkKeys(s.Hash, s.Range); err != nil {
		return err
	}
	if len(s.Indexes) == 0 {
		s.Indexes = nil // so that a spec read back from JSON equals this one
	}
	seen := map[string]bool{}
	for i := range s.Indexes {
		ix := &s.Indexes[i]
		if !tableName.MatchString(ix.Name) || seen[ix.Name] {
			return invalid("One or more parameter values were invalid: Index name %q is not valid or not unique", ix.Name)
		}
		seen[ix.Name] = true
		if err := checkKeys(ix.Hash, ix.Range); err != nil {
			return err
		}
		if ix.Projection == "" {
			ix.Projection = projectAll
		}
		if (ix.Projection == projectInclude) != (len(ix.NonKey) > 0) {
			return invalid("One or more parameter values were invalid: ProjectionType is %s, and NonKeyAttributes has %d entries", ix.Projection, len(ix.NonKey))
		}
	}
	return nil
}

// checkKeys refuses key attributes without a name or with a type that has no
// order; a zero sort is no sort key.
func checkKeys(hash, sort Attribute) error {
	if hash.Name == "" || hash.Name == sort.Name {
		return invalid("Invalid KeySchema: the key attributes must be named and differ")
	}
	for _, a := range []Attribute{hash, sort} {
		if a == (Attribute{}) {
			continue
		}
		if k, ok := attr.KindNamed(a.Type); !ok || k > attr.Binary {
			return invalid("Member must satisfy enum value set: [B, N, S]; attribute %s has type %q", a.Name, a.Type)
		}
	}
	return nil
}

// The projections of an index.
const (
	projectAll     = "ALL"
	projectKeys    = "KEYS_ONLY"
	projectInclude = "INCLUDE"
)
