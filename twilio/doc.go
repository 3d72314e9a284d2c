// Package twilio reads what Twilio sends: parameters, signatures, SIDs,
// addresses, and error codes put into our own words. It does not know what
// becomes of a request, speaks to nobody, and keeps no time.
package twilio
