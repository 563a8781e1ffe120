package batch

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
)

var errChecksum = errors.New("checksum")

// damaged serves whole bodies that say at their end that they are not what was stored.
type damaged struct{ blob.Store }

func (s damaged) Get(ctx context.Context, key string) (io.ReadCloser, blob.Info, error) {
	body, info, err := s.Store.Get(ctx, key)
	if err != nil {
		return nil, info, err
	}
	return io.NopCloser(io.MultiReader(body, iotest.ErrReader(errChecksum))), info, nil
}

// Results are made of parts that no digest covers: what a part says at its end
// must be heard, whatever sizes it is read in.
func TestConcat_end(t *testing.T) {
	s := memblob.New(time.Now)
	var parts []part
	for _, text := range []string{"one\n", "two\n"} {
		key := "jobs/acme/" + text[:3]
		if _, err := s.Put(t.Context(), key, strings.NewReader(text), int64(len(text)), blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{Key: key, Size: int64(len(text))})
	}
	for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader} {
		data, err := io.ReadAll(wrap(newConcat(t.Context(), s, []byte("head\n"), parts)))
		if err != nil || string(data) != "head\none\ntwo\n" {
			t.Errorf("reading = %q, %v, want the head and both parts", data, err)
		}
		if data, err := io.ReadAll(wrap(newConcat(t.Context(), damaged{s}, nil, parts))); !errors.Is(err, errChecksum) {
			t.Errorf("reading damaged parts = %q, %v, want %v", data, err, errChecksum)
		}
	}
}
