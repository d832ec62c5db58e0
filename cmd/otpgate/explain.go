package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

type explainCommand struct {
	Config string `xor:"source" placeholder:"config.yaml" help:"Configuration file; nothing is started, opened or sent."`
	Server string `xor:"source,app" placeholder:"URL" help:"Ask a running gateway, by OTPGATE_KEY and OTPGATE_SECRET."`
	App    string `xor:"app" help:"App that would send; may be left out when there is one only."`
	JSON   bool   `help:"Print JSON, for programs."`

	To          string   `required:"" help:"Phone number or e-mail address."`
	Channel     string   `help:"sms, whatsapp, email, voice or ussd."`
	Country     string   `help:"Country of a local number."`
	Sender      string   `help:"As whom the person should see the message."`
	Length      *int     `help:"Characters of the code."`
	Alphabet    string   `help:"numeric, alphabetic or alphanumeric."`
	ExpiresIn   string   `placeholder:"DURATION" help:"How long the code lives."`
	MaxAttempts *int     `help:"Wrong guesses that are allowed."`
	Template    string   `help:"Name of the text."`
	Message     string   `help:"Text with {code}."`
	Locale      string   `help:"Language of the text."`
	Purpose     string   `help:"What the code is for."`
	ClientIP    string   `name:"client-ip" help:"Address of the person's device."`
	Fallback    []string `placeholder:"CHANNEL:AFTER[:TO]" help:"A step of the fallback; may be repeated."`
}

// Run prints what a send would do.
func (c explainCommand) Run(world *surroundings) error {
	if c.Config == "" { // a default of the flag would exclude --server
		c.Config = "config.yaml"
	}
	in, err := c.input()
	if err != nil {
		return err
	}
	text, err := c.ask(world, in)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
			return err
		}
		_, err = fmt.Fprintln(world.out, text)
		return err
	}
	var plan httpapi.Plan
	if err := json.Unmarshal(text, &plan); err != nil || len(plan.Steps) == 0 {
		return errors.New("--server: the answer is not a plan; is it another program, or a much later otpgate?")
	}
	_, err = explanation{plan: plan, file: c.file()}.WriteTo(world.out)
	return err
}

// ask returns the plan as JSON.
func (c explainCommand) ask(world *surroundings, in otp.SendInput) (jsontext.Value, error) {
	if c.Server != "" {
		return askServer(world, c.Server, in)
	}
	loaded, report := config.Load(c.Config, sources(world))
	if err := report.Err(); err != nil {
		return nil, err
	}
	preview, err := gateway.Explain(world.ctx, loaded, c.App, in)
	if err != nil {
		return nil, readable(err)
	}
	return json.Marshal(httpapi.NewPlan(preview), json.Deterministic(true))
}

// file is what the lines of rules are counted in.
func (c explainCommand) file() string {
	if c.Server != "" {
		return "the gateway's file"
	}
	return c.Config
}

func (c explainCommand) input() (otp.SendInput, error) {
	in := otp.SendInput{
		To: c.To, Channel: c.Channel, Country: c.Country, Sender: c.Sender, Length: c.Length, Alphabet: c.Alphabet,
		ExpiresIn: c.ExpiresIn, MaxAttempts: c.MaxAttempts, Template: c.Template, Message: c.Message, Locale: c.Locale,
		Purpose: c.Purpose, ClientIP: c.ClientIP,
	}
	for _, text := range c.Fallback {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) < 2 {
			return in, fmt.Errorf("--fallback: %q is not a step; write such as whatsapp:30s or email:60s:ama@example.com", text)
		}
		step := otp.FallbackInput{Channel: parts[0], After: parts[1], To: strings.Join(parts[2:], "")}
		in.Fallback = append(in.Fallback, step)
	}
	return in, nil
}
