package smtp

import (
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// classify says what a refusal means. The enhanced status code goes before the plain one, where it tells more.
//
// What concerns one mailbox alone must not count against the server, or the full mailbox of one person would close the
// road for all: it is Rejected when final and Busy when not. What concerns our account or our host opens the breaker
// only where the reply says so beyond doubt. A reply before the first message is never about a message.
func classify(at stage, code int, enhanced string) providers.Class {
	final := code >= 500
	switch {
	case code == 530 || code == 534 || code == 535 || code == 538: // RFC 4954 §6
		return providers.Credentials
	case at == atAuth && final:
		return providers.Credentials
	case at == atConnect || at == atTLS || at == atAuth:
		return early(enhanced)
	}
	if class, ok := byMeaning(at, final, enhanced); ok {
		return class
	}
	if !final {
		return temporary(at, code)
	}
	return permanent(at, code)
}

// early is for replies before the message, which concern the server as a whole.
func early(enhanced string) providers.Class {
	_, meaning, _ := strings.Cut(enhanced, ".")
	if throttles(meaning) {
		return providers.Throttled
	}
	return providers.Transient
}

// throttles knows the enhanced codes of a server that has had too much of us: X.4.5 mail system congestion and X.5.3
// too many recipients (RFC 3463), X.7.28 mail flood detected (IANA registry).
func throttles(meaning string) bool { return meaning == "4.5" || meaning == "5.3" || meaning == "7.28" }

// byMeaning reads subject and detail of an enhanced code (RFC 3463, and the IANA registry for later ones).
func byMeaning(at stage, final bool, enhanced string) (providers.Class, bool) {
	_, meaning, _ := strings.Cut(enhanced, ".")
	subject, _, _ := strings.Cut(meaning, ".")
	switch {
	case meaning == "4.5" && final: // Gmail: daily sending quota exceeded
		return providers.Exhausted, true
	case throttles(meaning):
		return providers.Throttled, true
	case meaning == "7.0" && at == atSender && final: // authentication required
		return providers.Credentials, true
	case meaning == "7.8" || meaning == "7.9" || meaning == "7.11": // RFC 4954 §6
		return providers.Credentials, true
	case meaning == "1.7" || meaning == "1.8": // our own address is refused
		return providers.Unsupported, true
	case meaning == "2.3" || meaning == "3.4": // too long
		return providers.Unsupported, true
	case (subject == "1" || subject == "2") && at == atSender: // an address again, and it is ours
		return ofSender(final), true
	case subject == "1" || subject == "2" || meaning == "4.4": // the address, the mailbox, its domain
		return ofRecipient(final), true
	case at == atRecipient && subject == "4" && final: // Exchange says 5.4.1 of people it does not know
		return providers.Rejected, true
	case at == atRecipient && subject == "7" && !final: // greylisted
		return providers.Busy, true
	case subject == "3" || subject == "4": // the mail system, the network
		return providers.Transient, true
	case final && (subject == "6" || subject == "7"): // the content, a policy
		return providers.Unsupported, true
	default:
		return 0, false
	}
}

func ofSender(final bool) providers.Class {
	if final {
		return providers.Unsupported
	}
	return providers.Transient
}

func ofRecipient(final bool) providers.Class {
	if final {
		return providers.Rejected
	}
	return providers.Busy
}

// temporary is for a 4xx whose enhanced code tells nothing more (RFC 5321 §4.2.3).
func temporary(at stage, code int) providers.Class {
	if code == 450 && at == atRecipient { // mailbox busy, or greylisted
		return providers.Busy
	}
	return providers.Transient // 421 closing, 451 local error, 452 no storage, 454 not now
}

// permanent is for a 5xx whose enhanced code tells nothing more (RFC 5321 §4.2.3, RFC 7504).
func permanent(at stage, code int) providers.Class {
	switch code {
	case 521, 550, 551, 552, 553, 556:
		if at == atRecipient {
			return providers.Rejected
		}
		return providers.Unsupported // our sender, or this message
	case 554:
		if at == atEnd {
			return providers.Unsupported // this message
		}
		return providers.Transient // no service for us
	default:
		return providers.Unknown
	}
}
