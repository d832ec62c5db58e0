package httpapi

import (
	"bytes"
	"encoding/csv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// sheet is a report as a spreadsheet reads it (RFC 4180): the groups in the order in which they were asked for, the
// counts in that of the contract, and the costs by currency at the end.
func (r *call) sheet(sums otp.Sums) otp.Answer {
	const stamp = "20060102T15"
	r.fiber.Set(fiber.HeaderContentDisposition,
		`attachment; filename="otpgate-`+sums.From.Format(stamp)+"-"+sums.Until.Format(stamp)+`.csv"`)
	currencies := currenciesOf(sums.Rows)
	var body bytes.Buffer
	w := csv.NewWriter(&body)
	w.UseCRLF = true
	_ = w.Write(sheetHead(sums.By, currencies)) // a buffer takes everything
	for _, row := range sums.Rows {
		_ = w.Write(sheetLine(row, sums.By, currencies))
	}
	w.Flush()
	return otp.Answer{Status: http.StatusOK, ContentType: "text/csv; charset=utf-8", Body: body.Bytes()}
}

func currenciesOf(rows []otp.Row) []string {
	all := map[string]bool{}
	for _, row := range rows {
		for currency := range row.Costs {
			all[currency] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func sheetHead(by []otp.Group, currencies []string) []string {
	var head []string
	for _, group := range by {
		head = append(head, string(group))
	}
	head = append(head, "sends", "verified", "expired", "failed", "canceled", "resends", "checks", "deliveries", "taken",
		"delivered", "undelivered", "failovers", "conversion", "p50_seconds", "p95_seconds")
	for _, currency := range currencies {
		head = append(head, harmless("cost_"+currency), harmless("cost_per_verified_"+currency))
	}
	return head
}

func sheetLine(row otp.Row, by []otp.Group, currencies []string) []string {
	var line []string
	for _, group := range by {
		line = append(line, harmless(groupOf(row.Cell, group)))
	}
	c := newCounts(row.Counts)
	for _, n := range []int64{
		c.Sends, c.Verified, c.Expired, c.Failed, c.Canceled, c.Resends, c.Checks, c.Deliveries, c.Taken, c.Delivered,
		c.Undelivered, c.Failovers,
	} {
		line = append(line, strconv.FormatInt(n, 10))
	}
	line = append(line, decimal(&c.Conversion), decimal(c.P50), decimal(c.P95))
	for _, currency := range currencies {
		for _, amounts := range []map[string]float64{c.Costs, c.CostPerVerified} {
			cell := ""
			if amount, told := amounts[currency]; told {
				cell = decimal(&amount)
			}
			line = append(line, cell)
		}
	}
	return line
}

func groupOf(cell otp.Cell, group otp.Group) string {
	switch group {
	case otp.GroupApp:
		return cell.App
	case otp.GroupCountry:
		return cell.Country
	case otp.GroupChannel:
		return string(cell.Channel)
	case otp.GroupProvider:
		return cell.Provider
	case otp.GroupHour:
		return timestamp(cell.Hour)
	default:
		return cell.Hour.UTC().Format(time.DateOnly)
	}
}

// decimal writes a number without an exponent; nothing where there is none.
func decimal(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
