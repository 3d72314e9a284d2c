package templates

import "strings"

// VoiceOf is the voice that speaks a language: its tag as Twilio writes it and
// Twilio's name for the voice, both "" for a language that none was chosen
// for. All are in the table "Available voices and languages" of
// https://www.twilio.com/docs/voice/twiml/say/text-speech.
func VoiceOf(language string) (tag, voice string) {
	switch language {
	case "en", "en-US":
		return "en-US", "Polly.Joanna-Neural"
	case "en-GB", "en-IE":
		return "en-GB", "Polly.Amy-Neural"
	case "en-AU":
		return "en-AU", "Polly.Olivia-Neural"
	case "en-IN":
		return "en-IN", "Polly.Kajal-Neural"
	case "en-NZ":
		return "en-NZ", "Polly.Aria-Neural"
	case "en-ZA":
		return "en-ZA", "Polly.Ayanda-Neural"
	case "es", "es-ES":
		return "es-ES", "Polly.Lucia-Neural"
	case "es-MX":
		return "es-MX", "Polly.Mia-Neural"
	case "es-US":
		return "es-US", "Polly.Lupe-Neural"
	case "fr", "fr-FR":
		return "fr-FR", "Polly.Lea-Neural"
	case "fr-CA":
		return "fr-CA", "Polly.Gabrielle-Neural"
	case "de", "de-DE":
		return "de-DE", "Polly.Vicki-Neural"
	case "de-AT":
		return "de-AT", "Polly.Hannah-Neural"
	case "it", "it-IT":
		return "it-IT", "Polly.Bianca-Neural"
	case "pt", "pt-PT":
		return "pt-PT", "Polly.Ines-Neural"
	case "pt-BR":
		return "pt-BR", "Polly.Camila-Neural"
	case "nl", "nl-NL":
		return "nl-NL", "Polly.Laura-Neural"
	case "nl-BE":
		return "nl-BE", "Polly.Lisa-Neural"
	case "ja", "ja-JP":
		return "ja-JP", "Polly.Takumi-Neural"
	}
	base, _, regional := strings.Cut(language, "-")
	switch {
	case !regional:
		return "", ""
	case base == "es": // any other region is an American one
		return VoiceOf("es-MX")
	}
	return VoiceOf(base)
}
