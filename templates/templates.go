// Package templates holds every text that leaves the house: what callers hear
// and read, what alerts say, and the pages. It renders values it is given; it
// knows neither requests nor databases, and it decides nothing.
package templates
