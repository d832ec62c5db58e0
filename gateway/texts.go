package gateway

import (
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse"
	"github.com/otpgate/otpgate/routing"
)

// writers are the providers that make codes and write texts here, by name.
func writers(built []routing.ProviderSettings) map[string]bool {
	names, kind := map[string]bool{}, inhouse.Kind().Name
	for _, p := range built {
		if info := p.Provider.Info(); info.Kind == kind {
			names[info.Name] = true
		}
	}
	return names
}

// judges are the names of the providers that compare codes by themselves.
func judges(built []routing.ProviderSettings) map[string]bool {
	names := map[string]bool{}
	for _, p := range built {
		if info := p.Provider.Info(); info.ChecksHere {
			names[info.Name] = true
		}
	}
	return names
}

// The encodings of short messages, as the API names them.
const (
	encodingGSM7 = "gsm7"
	encodingUCS2 = "ucs2"
)

// measure implements [otp.Measure].
func measure(req providers.SendRequest) (otp.Size, error) {
	size, err := inhouse.Measure(req)
	if err != nil || size.Segments == 0 {
		return otp.Size{}, err
	}
	encoding := encodingGSM7
	if size.UCS2 {
		encoding = encodingUCS2
	}
	return otp.Size{Segments: size.Segments, Encoding: encoding}, nil
}
