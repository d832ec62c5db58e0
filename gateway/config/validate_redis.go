package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// redis checks the settings of the shared store. What belongs to another mode is refused: it would do nothing.
func (v validator) redis(r Redis) {
	at := path{"store", "redis"}
	switch r.Mode {
	case RedisSingle:
		if !redisURL(r.URL) {
			v.refuse(at.in("url"), "this is no URL of a Redis; write such as redis://127.0.0.1:6379/0")
		}
		v.onlyFor(at, "addresses", "sentinel and cluster")
		v.onlyFor(at, "master", RedisSentinel)
		v.onlyFor(at, "sentinel_password", RedisSentinel)
	case RedisSentinel:
		v.addresses(r, at)
		v.onlyFor(at, "url", RedisSingle)
		if r.Master == "" {
			v.refuse(at.in("master"),
				"the sentinels watch masters by name; write the one of `sentinel monitor`, such as otpgate")
		}
	case RedisCluster:
		v.addresses(r, at)
		v.onlyFor(at, "url", RedisSingle)
		v.onlyFor(at, "master", RedisSentinel)
		v.onlyFor(at, "sentinel_password", RedisSentinel)
	}
	if !plainName.MatchString(r.Prefix) {
		v.refuse(at.in("prefix"), badName)
	}
	// What has to be taken back takes as long again, and an answer is due within a second.
	v.between(at.in("timeout"), r.Timeout, 10*time.Millisecond, time.Second/2)
}

func (v validator) onlyFor(at path, key, modes string) {
	if v.given(at.in(key)) {
		v.refuse(at.in(key), "this is read in mode %s alone; take it out, or change the mode", modes)
	}
}

func (v validator) addresses(r Redis, at path) {
	if len(r.Addresses) == 0 {
		v.refuse(at.in("addresses"), "mode %s needs addresses; list host:port of some of them", r.Mode)
	}
	for i, address := range r.Addresses {
		host, port, err := net.SplitHostPort(address)
		_, badPort := strconv.ParseUint(port, 10, 16)
		if err != nil || badPort != nil || host == "" || strings.ContainsAny(host, " /") {
			one := at.in("addresses").in(index(i))
			v.refuse(one, "%s is no address of a server; write host and port, such as redis-1:6379", v.say(one))
		}
	}
}

// redisURL tells whether text is the URL of a Redis: nothing in it but user, host, port and the number of a database.
func redisURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" ||
		u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	database := strings.TrimPrefix(u.Path, "/")
	_, err = strconv.ParseUint(database, 10, 16)
	return database == "" || err == nil
}
