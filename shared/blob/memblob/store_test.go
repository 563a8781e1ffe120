package memblob_test

import (
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/blobtest"
	"godwit/shared/blob/memblob"
)

func TestStore(t *testing.T) {
	blobtest.Run(t, func(testing.TB) blob.Store { return memblob.New(time.Now) })
}
