package httpapi

import (
	"net"
	"time"
)

// How much is read of a body that was refused, how long a sender may pause in it, and how long it may take in all.
const (
	restBytes = 1 << 20
	restPause = 100 * time.Millisecond
	restTime  = time.Second
)

// readRest reads what a client is still sending of a body that is too large. A connection that is closed with unread
// input is reset, and the refusal would be lost with it.
func readRest(conn net.Conn) {
	end := time.Now().Add(restTime)
	buffer := make([]byte, 16<<10)
	for left := restBytes; left > 0 && time.Now().Before(end); {
		if conn.SetReadDeadline(time.Now().Add(restPause)) != nil {
			return
		}
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		left -= n
	}
}
