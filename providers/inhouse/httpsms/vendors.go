package httpsms

import (
	"github.com/otpgate/otpgate/providers"
)

// hubtel is Hubtel's "simple send". Answers come flat or below data, the latter also without a status. A status other
// than 0 is one of the old table of sub-codes, whose place in an answer is not shown and taken to be that of the 0. 403
// says that the recipient has not agreed to messages, but could as well be a key's: nobody else is kept from trying.
func hubtel(a Account) api {
	const id, code = "data.messageId | messageId", "data.status | status"
	return api{
		longest: longestSender,
		Contract: Contract{
			URL:     text(a.BaseURL + "/v1/messages/send"),
			Basic:   Basic{a.ClientID, a.ClientSecret},
			Body:    text(`{"From":"{sender}","To":"{to}","Content":"{text}"}`),
			Success: Conditions{{Path: id}, {Path: code, Values: []string{"0"}, Optional: true}},
			IDPath:  id,
			Errors: []ErrorRule{
				means(providers.Rejected, code, "1"),                   // the number is not valid
				means(providers.Unsupported, code, "2", "3", "4", "6"), // the sender; too long; no route; the content
				means(providers.Exhausted, code, "12"),                 // payment required
				ofStatus(providers.Unsupported, 403),
			},
		},
	}
}

// sendexa is Sendexa's SMS API. The words for refusals are those of its core pages and of its OTP API.
func sendexa(a Account) api {
	const word = "code | errorType | error"
	return api{
		Contract: Contract{
			URL:   text(a.BaseURL + "/v1/sms/send"),
			Basic: Basic{a.APIKey, a.APISecret},
			Body:  text(`{"to":"{to_digits}","from":"{sender}","message":"{text}"}`),
			Success: Conditions{
				{Path: "success", Values: []string{"true"}},
				{Path: "data.status", Values: []string{"queued", "sent", "delivered"}},
			},
			IDPath: "data.messageId",
			Errors: []ErrorRule{
				means(providers.Credentials, word, "INVALID_TOKEN", "INVALID_CREDENTIALS", "UNAUTHORIZED_ACCESS"),
				means(providers.Exhausted, word, "INSUFFICIENT_BALANCE"),
				means(providers.Unsupported, word, "SENDER_ID_NOT_APPROVED", "SENDER_ID_NOT_REGISTERED"),
				means(providers.Rejected, word, "INVALID_PHONE"),
				means(providers.Throttled, word, "RATE_LIMIT_EXCEEDED"),
				means(providers.Busy, word, "DUPLICATE_REQUEST"),
				means(providers.Transient, word, "PROVIDER_ERROR"),
				means(providers.Rejected, "message", "Invalid phone number format"),
			},
		},
	}
}

// zend is Zend's messages API, kept to SMS. 422 is what clients report for a recipient, and what the vendor's server
// says to any input that it does not like: a sender of ours that it does not know must not end as "no such number".
func zend(a Account) api {
	body := `{"to":"{to}","body":"{text}","preferred_channels":["sms"]`
	if a.calledAt != "" {
		body += `,"webhook_url":"{called_at}"`
	}
	return api{
		unsigned: text(body + "}"),
		Contract: Contract{
			URL:     text(a.BaseURL + "/messages"),
			Headers: map[string]providers.Secret{"x-api-key": text("{api_key}")},
			Body:    text(body + `,"sender_id":"{sender}"}`),
			Success: Conditions{
				{Path: "id"}, {Path: "status", Values: []string{"pending", "queued", "processing", "sent", "delivered"}},
			},
			IDPath: "id",
			Errors: []ErrorRule{ofStatus(providers.Unsupported, 422)},
		},
	}
}

// arkesel is Arkesel's SMS API v2. A number that it refuses stands in the list of an answer that says success.
func arkesel(a Account) api {
	body := `{"sender":"{sender}","recipients":["{to_digits}"],"message":"{text}"`
	if a.calledAt != "" {
		body += `,"callback_url":"{called_at}"`
	}
	return api{
		longest: longestSender,
		Contract: Contract{
			URL:     text(a.BaseURL + "/api/v2/sms/send"),
			Headers: map[string]providers.Secret{"api-key": text("{api_key}")},
			Body:    text(body + "}"),
			Success: Conditions{{Path: "status", Values: []string{"success"}}, {Path: "data[*].id"}},
			IDPath:  "data[*].id",
			Errors:  []ErrorRule{means(providers.Rejected, "data[*].invalid numbers[*]")},
		},
	}
}

// arkeselVoice is Arkesel's voice SMS, which plays a file that comes with the request. The vendor's example of a
// request, as its clients quote it, has the fields recipients[], voice_file, voice_id (the number that calls,
// 0540000000), retry=false and callback_url, and an MP3 file; a client sends WAV files too. Answers are taken to be those
// of its SMS. A call that is repeated later would say a dead code. What is posted to callback_url is shown nowhere, so
// none is named.
func arkeselVoice(a Account) api {
	return api{
		line: true,
		Contract: Contract{
			URL:     text(a.BaseURL + "/api/v2/sms/voice/send"),
			Headers: map[string]providers.Secret{"api-key": text("{api_key}")},
			Multipart: map[string]providers.Secret{
				"recipients[]": text("{to_digits}"), "voice_file": text("{audio}"), "voice_id": text("{sender}"),
				"retry": text("false"),
			},
			Success: Conditions{{Path: "status", Values: []string{"success"}}},
			IDPath:  "data[*].id | data.id",
			Errors:  []ErrorRule{means(providers.Rejected, "data[*].invalid numbers[*] | data.invalid numbers[*]")},
		},
	}
}

// mnotify is mNotify's quick SMS. No code but 2000 is documented.
func mnotify(a Account) api {
	return api{
		longest: longestSender,
		Contract: Contract{
			URL:   text(a.BaseURL + "/sms/quick"),
			Query: map[string]providers.Secret{"key": text("{api_key}")},
			Body: text(`{"recipient":["{to_digits}"],"sender":"{sender}","message":"{text}","is_schedule":false,` +
				`"schedule_date":"","sms_type":"otp"}`),
			Success: Conditions{
				{Path: "code", Values: []string{"2000"}}, {Path: "status", Values: []string{"success"}},
				{Path: "summary.total_sent", Min: 1},
			},
			IDPath: "summary._id | summary.message_id",
			Errors: []ErrorRule{means(providers.Rejected, "summary.total_rejected", "1")},
		},
	}
}

// termii is Termii's SMS API. Its refusals are sentences; those here stand on its page of errors.
func termii(a Account) api {
	return api{
		Contract: Contract{
			URL: text(a.BaseURL + "/api/sms/send"),
			Body: text(`{"api_key":"{api_key}","to":"{to_digits}","from":"{sender}","sms":"{text}","type":"plain",` +
				`"channel":"{channel}"}`),
			Success: Conditions{{Path: "message_id"}, {Path: "code", Values: []string{"ok"}, Optional: true}},
			IDPath:  "message_id",
			Errors:  termiiRefusals(),
		},
	}
}

// termiiVoice is Termii's voice call, in which a machine reads out a code that the caller has made. The vendor's sample
// has a number there; a text of digits keeps a zero in front.
func termiiVoice(a Account) api {
	return api{
		Contract: Contract{
			URL:     text(a.BaseURL + "/api/sms/otp/call"),
			Body:    text(`{"api_key":"{api_key}","phone_number":"{to_digits}","code":"{code}"}`),
			Success: Conditions{{Path: "message_id"}, {Path: "code", Values: []string{"ok"}, Optional: true}},
			IDPath:  "message_id",
			Errors:  termiiRefusals(),
		},
	}
}

// termiiRefusals are what Termii's sentences mean, whatever was asked for.
func termiiRefusals() []ErrorRule {
	return []ErrorRule{
		means(providers.Unsupported, "message", "Invalid Sender Id", "You are not set up on this route"),
		means(providers.Credentials, "message", "Your account is not active"),
		means(providers.Exhausted, "message", "Insufficient balance"),
	}
}

// Where Africa's Talking lives: the account called sandbox has a host of its own.
const (
	africasTalkingLive    = "https://api.africastalking.com"
	africasTalkingSandbox = "https://api.sandbox.africastalking.com"
)

// africasTalking is Africa's Talking's bulk SMS. It answers 201 also to a recipient that it refuses, and an empty list
// where it refuses the message.
func africasTalking(a Account) api {
	const code = "SMSMessageData.Recipients[0].statusCode"
	if a.BaseURL == africasTalkingLive && a.Username.Reveal() == "sandbox" {
		a.BaseURL = africasTalkingSandbox
	}
	return api{
		Contract: Contract{
			URL:     text(a.BaseURL + "/version1/messaging"),
			Headers: map[string]providers.Secret{"apiKey": text("{api_key}")},
			Form: map[string]providers.Secret{
				"username": text("{username}"), "to": text("{to}"), "message": text("{text}"), "from": text("{sender}"),
				"bulkSMSMode": text("1"),
			},
			Success: Conditions{{Path: code, Values: []string{"100", "101", "102"}}}, // processed, sent, queued
			IDPath:  "SMSMessageData.Recipients[0].messageId",
			Errors: []ErrorRule{
				means(providers.Rejected, code, "403", "406"),           // no such number; the person has opted out
				means(providers.Unsupported, code, "401", "402"),        // held as a risk; the sender
				means(providers.Unsupported, code, "404", "407", "409"), // the kind of number; no route; do not disturb
				means(providers.Unsupported, code, "502"),               // refused by the network's gateway
				means(providers.Exhausted, code, "405"),
				means(providers.Transient, code, "500", "501"),
				means(providers.Unsupported, "SMSMessageData.Message", "InvalidSenderId"),
				means(providers.Unknown, "SMSMessageData.Recipients", "[]"),
				ofStatus(providers.Unsupported, 409), // do not disturb, as one page has it
			},
		},
	}
}

// Where Africa's Talking takes calls.
const (
	africasTalkingCalls        = "https://voice.africastalking.com"
	africasTalkingSandboxCalls = "https://voice.sandbox.africastalking.com"
)

// africasTalkingVoice is Africa's Talking's call, which carries no text: the vendor asks for it when the person has
// picked up (calls.go). A recipient that it refuses stands within an answer of success; errorMessage is None unless the
// whole request was refused. The words are those of docs.africastalking.com/voice/call, as its clients copy them.
func africasTalkingVoice(a Account) api {
	const status, id = "entries[0].status", "entries[0].sessionId"
	if a.BaseURL == africasTalkingCalls && a.Username.Reveal() == "sandbox" {
		a.BaseURL = africasTalkingSandboxCalls
	}
	return api{
		asked: true,
		line:  true,
		Contract: Contract{
			URL:     text(a.BaseURL + "/call"),
			Headers: map[string]providers.Secret{"apiKey": text("{api_key}")},
			Form: map[string]providers.Secret{
				"username": text("{username}"), "from": text("{sender}"), "to": text("{to}"),
			},
			Success: Conditions{
				{Path: status, Values: []string{"Queued"}}, {Path: "errorMessage", Values: []string{"None"}, Optional: true},
				{Path: id}, // without it nobody knows later what to say
			},
			IDPath: id,
			Errors: []ErrorRule{
				means(providers.Rejected, status, "InvalidPhoneNumber"),
				means(providers.Unsupported, status, "DestinationNotSupported"),
				means(providers.Exhausted, status, "InsufficientCredit"),
				means(providers.Unknown, "entries", "[]"),
			},
		},
	}
}
