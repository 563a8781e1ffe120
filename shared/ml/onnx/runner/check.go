package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/ops"
)

// Check reports, with an *onnx.Error, operators that are not run here, all of
// them by name, and versions of operators that were not looked at.
func Check(m *onnx.Model) error {
	unknown, domains := make(map[string]int), make(map[string]bool)
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		domains[n.Domain] = true
		if !ops.Known(n.Domain, n.Operator) {
			unknown[strings.TrimPrefix(n.Domain+"."+n.Operator, ".")]++
		}
	}
	if len(unknown) > 0 {
		return onnx.Errorf(onnx.Unsupported, "nobody here runs %s", listed(unknown))
	}
	for _, domain := range slices.Sorted(maps.Keys(domains)) {
		version := m.Opset(domain)
		if version == 0 {
			return onnx.Errorf(onnx.Corrupt, "the model does not say which version of the operators %q it uses", domain)
		}
		if err := ops.CheckVersion(domain, version); err != nil {
			return err
		}
	}
	return nil
}

// listed writes operators with how many nodes use each, the first twenty.
func listed(unknown map[string]int) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		if len(names) == 20 {
			names = append(names, fmt.Sprintf("and %d more", len(unknown)-20))
			break
		}
		names = append(names, fmt.Sprintf("%.80s (%d nodes)", name, unknown[name]))
	}
	return strings.Join(names, ", ")
}
