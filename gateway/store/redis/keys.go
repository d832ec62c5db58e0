package redis

import (
	"encoding/hex"

	"github.com/otpgate/otpgate/gateway/otp"
)

// keys names what stands in Redis. What is in braces decides about the slot of a Cluster.
type keys struct{ prefix string }

// shard is what the keys of a shard begin with.
func (k keys) shard(shard byte) string {
	return k.prefix + ":{" + hex.EncodeToString([]byte{shard}) + "}:"
}

// record is where a verification stands.
func (k keys) record(ref otp.Reference) string { return k.shard(ref.Shard()) + "v:" + string(ref) }

// shardKeys are what all steps on the verifications of a shard need.
type shardKeys struct {
	record string // what the key of a verification begins with
	// Of the whole shard: timers, ends, what happened. They are words of a call already, so that none is made for each.
	due, end, news any
}

func (k keys) shards() []shardKeys {
	all := make([]shardKeys, otp.Shards)
	for i := range all {
		n := byte(i)
		all[i] = shardKeys{record: k.shard(n) + "v:", due: k.due(n), end: k.end(n), news: k.news(n)}
	}
	return all
}

func (k keys) due(shard byte) string  { return k.shard(shard) + "due" }
func (k keys) end(shard byte) string  { return k.shard(shard) + "end" }
func (k keys) news(shard byte) string { return k.shard(shard) + "news" }

// to is where the references of all verifications to an address stand, in their order, which is that of their creation.
func (k keys) to(shard byte, address string) string { return k.shard(shard) + "to:" + address }

// answer is where the answer to a request stands, beside the verification that it was about.
func (k keys) answer(ref otp.Reference, once string) string {
	return k.shard(ref.Shard()) + "a:" + string(ref) + ":" + once
}

// window is where events are counted that many people share.
func (k keys) window(claim string) string { return k.prefix + ":{w:" + claim + "}" }

// person is where all windows of a person stand, beside the person's verifications.
func (k keys) person(shard byte, who string) string { return k.shard(shard) + "p:" + who }

// once is the entry of an idempotency key.
func (k keys) once(key string) string { return k.prefix + ":{once:" + key + "}" }

// upstream is where the reference of an upstream id stands, or the reports that came before its delivery.
func (k keys) upstream(provider, id string) string {
	return k.prefix + ":{u:" + provider + ":" + id + "}"
}

// parked lists all parked reports, oldest first.
func (k keys) parked() string  { return k.prefix + ":{parked}" }
func (k keys) quality() string { return k.prefix + ":{quality}" }
func (k keys) ping() string    { return k.prefix + ":{ping}" }
