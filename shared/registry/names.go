// Package registry keeps what Godwit knows: models, their versions, the
// aliases and routes that point at versions, and data sets.
//
// A Registry holds the rules and a Store holds the records; Store is the port
// that shared/dynamo implements on DynamoDB and shared/registry/memory in
// memory, and both pass shared/registry/registrytest. Every change that must
// be seen whole is one Store.Write, so a reader meets the old state or the new
// one and a crash leaves nothing half done. The key of every record comes from
// keys.go and begins with the tenant: no name or id in a request can reach
// another tenant's records.
//
// The package stores no bytes of models or data, decides nothing about
// quality and knows no service: artifacts live behind shared/blob, the verdict
// on promotion comes from shared/training as Commit.PromoteIf.
package registry

import (
	"fmt"
	"strconv"
	"strings"

	"godwit/shared/fault"
)

// Longest names in bytes. Only ASCII is allowed, so bytes are characters.
const (
	maxName   = 63
	maxAlias  = 64
	maxTenant = 32
)

// MaxVersion is the largest version number: sort keys have ten digits.
const MaxVersion = 2_000_000_000

// ParseName checks that s is a model's name. The error is fault.Invalid.
//
// The check is by bytes, so a letter that only looks like an ASCII one, such
// as Cyrillic "а" or a full-width digit, is refused.
func ParseName(s string) (Name, error) {
	if len(s) == 0 || len(s) > maxName || !all(s, isNameByte) || !isLowerAlnum(s[0]) || !isLowerAlnum(s[len(s)-1]) {
		return "", fault.New(fault.Invalid, "a model's name has 1 to %d characters from a-z, 0-9, \".\", \"_\" and \"-\", and begins and ends with a letter or digit", maxName)
	}
	return Name(s), nil
}

// ParseAlias checks that s may name an alias. The error is fault.Invalid.
// "latest" and "v" with digits are refused: they would read as versions.
func ParseAlias(s string) (AliasName, error) {
	if len(s) == 0 || len(s) > maxAlias || !all(s, isAliasByte) {
		return "", fault.New(fault.Invalid, "an alias has 1 to %d characters from A-Z, a-z, 0-9, \"_\" and \"-\"", maxAlias)
	}
	if s == "latest" || len(s) > 1 && s[0] == 'v' && all(s[1:], isDigit) {
		return "", fault.New(fault.Invalid, "the alias %q is reserved: it would read as a version", s)
	}
	return AliasName(s), nil
}

// ParseTenant checks that s names a tenant: 1 to 32 characters from a-z, 0-9
// and "-", beginning and ending with a letter or digit. The error is
// fault.Invalid. Upper case is refused, which keeps the two partitions without
// a tenant (see keys.go) out of every tenant's reach.
func ParseTenant(s string) (Tenant, error) {
	if len(s) == 0 || len(s) > maxTenant || !all(s, isTenantByte) || s[0] == '-' || s[len(s)-1] == '-' {
		return "", fault.New(fault.Invalid, "a tenant's name has 1 to %d characters from a-z, 0-9 and \"-\", and begins and ends with a letter or digit", maxTenant)
	}
	return Tenant(s), nil
}

// Reference names a version of a model, directly or through an alias. At most
// one of Alias and Version is set; neither means whatever serves by default.
type Reference struct {
	Model   Name
	Alias   AliasName // empty: not named
	Version int       // from 1; 0 means not named
}

// ParseReference reads "name", "name@alias" or "name/versions/7", with percent
// escapes already decoded. A number has no sign and no leading zero, so each
// version has one spelling. The error is fault.Invalid.
func ParseReference(s string) (Reference, error) {
	if name, alias, ok := strings.Cut(s, "@"); ok {
		n, err := ParseName(name)
		if err != nil {
			return Reference{}, err
		}
		a, err := ParseAlias(alias)
		return Reference{Model: n, Alias: a}.orZero(err), err
	}
	name, number, numbered := strings.Cut(s, "/versions/")
	n, err := ParseName(name)
	if err != nil {
		return Reference{}, err
	}
	if !numbered {
		return Reference{Model: n}, nil
	}
	v, err := ParseVersion(number)
	return Reference{Model: n, Version: v}.orZero(err), err
}

// orZero drops a half-read reference so that no caller uses it by mistake.
func (r Reference) orZero(err error) Reference {
	if err != nil {
		return Reference{}
	}
	return r
}

// String returns the form ParseReference reads.
func (r Reference) String() string {
	switch {
	case r.Alias != "":
		return string(r.Model) + "@" + string(r.Alias)
	case r.Version != 0:
		return fmt.Sprintf("%s/versions/%d", r.Model, r.Version)
	}
	return string(r.Model)
}

// ParseVersion reads a version number: decimal digits, from 1 to MaxVersion,
// without a leading zero. The error is fault.Invalid.
func ParseVersion(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || n > MaxVersion || s != strconv.FormatInt(n, 10) {
		return 0, fault.New(fault.Invalid, "a version is a number from 1 to %d without leading zeros", MaxVersion)
	}
	return int(n), nil
}

// all reports whether every byte is ok; the empty string's are.
func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool      { return '0' <= c && c <= '9' }
func isLowerAlnum(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' }
func isTenantByte(c byte) bool { return isLowerAlnum(c) || c == '-' }
func isNameByte(c byte) bool   { return isTenantByte(c) || c == '.' || c == '_' }
func isAliasByte(c byte) bool {
	return isTenantByte(c) || 'A' <= c && c <= 'Z' || c == '_'
}
