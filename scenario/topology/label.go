package topology

// labelNodes makes labels unique, by the rule in the package comment. Two
// passes, so that a label appended to never takes one that is written. Ids are
// unique, hence so is what is appended, and the inner loop goes round again only
// for labels written to look like it.
func labelNodes(nodes []Node) {
	taken := make(map[string]bool, len(nodes))
	var later []int
	for i := range nodes {
		n := &nodes[i]
		if n.Label == "" {
			n.Label = n.ID
		}
		if taken[n.Label] {
			later = append(later, i)
		}
		taken[n.Label] = true
	}
	for _, i := range later {
		n := &nodes[i]
		suffix := " (" + n.ID + ")"
		for taken[n.Label] {
			n.Label += suffix
		}
		taken[n.Label] = true
	}
}
