// Package notifytest holds what every notifier must pass: messages of all
// kinds, and peers that fail in every way a network knows. It is for tests, and
// knows no notifier.
package notifytest
