package template_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// checkMaps: a machine whose definition has a distributed Map can run it: start,
// follow and stop its own executions, read the list of items and write what
// becomes of them, in the bucket that the definition is told of.
func checkMaps(d *deployed) (broken []string) {
	for i, m := range machines {
		definition, err := os.ReadFile(d.stack.Machines[i].Definition)
		if err != nil {
			return append(broken, err.Error())
		}
		if !strings.Contains(string(definition), `"DISTRIBUTED"`) {
			continue
		}
		if d.stack.Machines[i].Substitutions["ModelsBucketName"] == "" {
			broken = append(broken, m.id+" does not know the bucket of its items")
		}
		var may []string
		for _, s := range d.statements() {
			if s.owner != m.id {
				continue
			}
			for _, action := range s.actions {
				for _, resource := range s.resources {
					may = append(may, action+" "+resource)
				}
			}
		}
		for _, need := range []string{
			"states:StartExecution " + machineARN(m.name), "states:DescribeExecution " + executionARN(m.name), "states:StopExecution " + executionARN(m.name),
			"s3:GetObject ${ModelsBucket.Arn}/work/*", "s3:PutObject ${ModelsBucket.Arn}/work/*",
		} {
			if !slices.Contains(may, need) {
				broken = append(broken, fmt.Sprintf("%s may not %s", m.id, need))
			}
		}
	}
	return broken
}
