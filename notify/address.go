package notify

import (
	"errors"
	"net/mail"
	"strings"
)

// ParseAddress reads one e-mail address, with or without a name:
// "Backstop <backstop@example.com>". It refuses whatever could break out of a
// header or an SMTP command.
func ParseAddress(s string) (*mail.Address, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, errors.New("has a control character in it")
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, errors.New(`is no e-mail address: write name@example.com or "Name" <name@example.com>`)
	}
	at := strings.LastIndexByte(a.Address, '@')
	if at <= 0 || at == len(a.Address)-1 {
		return nil, errors.New("is no e-mail address: it lacks a name or a host")
	}
	// The composer splits lists at commas, also within quotes, and SMTP quotes
	// what mail hardly ever needs.
	if strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`,;:"<>()[]\`, r) }) {
		return nil, errors.New("has a character in the address itself that not every mail server takes")
	}
	a.Name = strings.Join(strings.FieldsFunc(a.Name, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`,;:"<>()[]\`, r) }), " ")
	return a, nil
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
