package blob

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/shared/fault"
)

// MaxList is the most keys List returns at once.
const MaxList = 1000 // S3 gives no more

// MaxPresign is the longest a presigned request may live; SigV4 allows no more.
const MaxPresign = 7 * 24 * time.Hour

// CheckKey refuses keys a bucket cannot hold or a file system would read as a
// path out of it, with fault.Invalid: 1 to 1024 bytes of UTF-8 without control
// characters, no empty, "." or ".." folder, no slash at either end.
func CheckKey(key string) error {
	// 1024 bytes is S3's limit. Control characters S3 would take, but its XML lists
	// cannot spell them.
	bad := len(key) == 0 || len(key) > 1024 || !utf8.ValidString(key) ||
		strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r == 0x7f })
	// Split gives an empty part for a slash at either end, too.
	for part := range strings.SplitSeq(key, "/") {
		bad = bad || part == "" || part == "." || part == ".."
	}
	if bad {
		return fault.New(fault.Invalid, "the object's key is not a plain path of at most 1024 bytes")
	}
	return nil
}

// CheckLimit refuses a List limit outside 1 to MaxList with fault.Internal:
// only a mistake in the caller produces one.
func CheckLimit(limit int) error {
	if limit < 1 || limit > MaxList {
		return fault.New(fault.Internal, "a list asks for 1 to %d keys", MaxList)
	}
	return nil
}

// CheckPresign refuses what cannot be signed, with fault.Invalid.
func CheckPresign(p PresignPut) error {
	if err := CheckKey(p.Key); err != nil {
		return err
	}
	if _, err := ParseDigest(string(p.Digest)); err != nil {
		return err
	}
	if p.Size < 0 || p.ContentType == "" || p.TTL < time.Second || p.TTL > MaxPresign {
		return fault.New(fault.Invalid, "an upload needs a size, a content type and at most seven days")
	}
	return nil
}

// Base64 returns the digest as S3's checksum headers spell it. The error is
// fault.Invalid when d did not come from DigestOf or ParseDigest.
func (d Digest) Base64() (string, error) {
	raw, err := hex.DecodeString(d.Hex())
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "the digest is not hexadecimal")
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}
