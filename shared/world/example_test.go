package world_test

import (
	"fmt"

	"godwit/shared/world"
)

// A worker that commits before it has stored the artifact: the first schedule
// with an upload in it shows which rule that breaks, and how little it takes.
func ExampleWorld_Run() {
	w, err := world.New(world.Seams{CommitEarly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	var s world.Schedule
	var broken *world.Failure
	for seed := uint64(1); broken == nil; seed++ {
		s = world.Generate(seed, world.Upload, world.Deliver, world.Work)
		broken = w.Run(s)
	}
	fmt.Println("invariant", broken.Invariant)
	fmt.Println("acts in the shortest form:", len(world.Shrink(w.Run, s).Acts))
	// Output:
	// invariant 1
	// acts in the shortest form: 1
}
