package memory_test

import (
	"testing"
	"time"

	"godwit/shared/registry"
	"godwit/shared/registry/memory"
	"godwit/shared/registry/registrytest"
)

func TestStore(t *testing.T) {
	registrytest.Run(t, func(testing.TB) registry.Store { return memory.New(time.Now) })
}
