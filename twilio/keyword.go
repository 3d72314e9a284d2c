package twilio

import (
	"strings"
	"unicode"
)

// Keyword is what a message asks for that consists of one word only.
type Keyword string

// The keywords. Twilio or a carrier answers them itself; an answer of ours would
// be a nuisance, or fail with error 21610.
const (
	KeywordNone   Keyword = ""
	KeywordOptOut Keyword = "opt-out"
	KeywordOptIn  Keyword = "opt-in"
	KeywordHelp   Keyword = "help"
)

// KeywordOf says whether body is nothing but an opt-out, opt-in or help word of
// a common language, in any case, with any spaces and punctuation about it.
func KeywordOf(body string) Keyword {
	const longest = 64 // bytes that any of the words, decorated, may take
	body = strings.TrimSpace(body)
	if len(body) > longest {
		return KeywordNone
	}
	return keywords[strings.Map(plainLetter, body)]
}

// plainLetter leaves letters and digits, in capitals, and wide ones narrow.
func plainLetter(c rune) rune {
	const wideFirst, wideLast, wideBy = 0xff01, 0xff5e, 0xfee0
	if c >= wideFirst && c <= wideLast {
		c -= wideBy
	}
	if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
		return -1
	}
	return unicode.ToUpper(c)
}

var keywords = keywordTable(map[Keyword]string{
	KeywordOptOut: `
		STOP STOPALL STOPP UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT REMOVE TD
		ARRET ARRÊT ARRETER ARRÊTER DESABONNER DÉSABONNER DESINSCRIRE DÉSINSCRIRE
		ALTO BAJA PARAR DETENER CANCELAR PARE SAIR DESCADASTRAR REMOVER
		ABMELDEN ABBESTELLEN ENDE FERMA FERMARE BASTA ANNULLA CANCELLA CANCELLAMI DISISCRIVI
		STOPPEN AFMELDEN UITSCHRIJVEN AVSLUTA AVREGISTRERA AFMELD AVMELD PERU LOPETA
		REZYGNUJE REZYGNUJĘ WYPISZ DUR İPTAL IPTAL СТОП ОТПИСАТЬСЯ ОТПИСКА
		停止 配信停止 解除 ストップ 退订 退訂 取消 수신거부 중지 הסר קף توقف إيقاف BERHENTI HUY HỦY`,
	KeywordOptIn: `
		START YES UNSTOP SUBSCRIBE OPTIN RESUME
		COMMENCER DEMARRER DÉMARRER INICIAR COMENZAR EMPEZAR COMEÇAR COMECAR
		ANMELDEN STARTEN INIZIA ISCRIVIMI AANMELDEN СТАРТ 開始 再開 開始する 시작 MULAI BAŞLAT BASLAT`,
	KeywordHelp: `
		HELP INFO AIDE AYUDA AJUDA HILFE AIUTO HULP HJÄLP HJALP HJÆLP HJELP APUA
		POMOC YARDIM ПОМОЩЬ ヘルプ 帮助 幫助 도움말 BANTUAN`,
})

func keywordTable(words map[Keyword]string) map[string]Keyword {
	table := make(map[string]Keyword)
	for keyword, list := range words {
		for word := range strings.FieldsSeq(list) {
			table[strings.Map(plainLetter, word)] = keyword
		}
	}
	return table
}
