package netsync

// AppendJSON writes the columns as an object of arrays. Values of columns that
// have labels, of which the schema tells, are written as those.
func (r *Replica) AppendJSON(to []byte, labels map[string][]string) []byte {
	to = append(to, '{')
	for i := range r.columns {
		c := r.columns[i]
		c.Labels = labels[c.Name]
		if i > 0 {
			to = append(to, ',')
		}
		to = appendString(to, c.Name)
		to = append(to, ":["...)
		for row, size := 0, c.Type.Size(); row < r.rows; row++ {
			if row > 0 {
				to = append(to, ',')
			}
			to = appendValue(to, &c, r.values[i][row*size:])
		}
		to = append(to, ']')
	}
	return append(to, '}')
}
