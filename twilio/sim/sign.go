package sim

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
)

// Sign returns X-Twilio-Signature for a request to url: of a form POST with its parameters, of a GET or JSON request
// with none (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
func Sign(authToken, url string, params Params) string {
	sorted := slices.Clone(params)
	slices.SortFunc(sorted, func(a, b Param) int {
		if order := strings.Compare(a.Name, b.Name); order != 0 {
			return order
		}
		return strings.Compare(a.Value, b.Value)
	})
	mac := hmac.New(sha1.New, []byte(authToken))
	_, _ = mac.Write([]byte(url)) // a hash never fails
	for _, param := range slices.Compact(sorted) {
		_, _ = mac.Write([]byte(param.Name + param.Value))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
