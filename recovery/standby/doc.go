// Package standby asks servers that can stand in for one that failed: where to
// ask them, in Twilio's own words, and whether what they say is TwiML that a
// call can go on with. It decides nothing about callers.
package standby
