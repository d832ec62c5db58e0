package config

// Line is the line of the value at path in the file, such as ("routes", "2"); that of the nearest value above it when
// the file has no such value.
func (c *Config) Line(path ...string) int { return c.source.tree.place(path).line }
