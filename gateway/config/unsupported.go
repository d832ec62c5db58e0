package config

// refuseUnsupported refuses what the contract of the file knows and this version cannot do yet: a key that is read and
// does nothing would be worse.
func refuseUnsupported(c *Config, r *Report) {
	if c.Store.Driver == DriverRedis {
		r.Refuse("this version has no store on Redis yet; write sqlite", "store", "driver")
	}
	if c.Telemetry.Traces.Endpoint != "" {
		r.Refuse("this version sends no traces yet; leave it empty", "telemetry", "traces", "endpoint")
	}
}
