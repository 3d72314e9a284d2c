package twilio

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
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
	return keywords[plain(body)]
}

// OptsOut says whether a message is one by which its sender opts out, as the
// messaging service says, or else its words: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out.
func OptsOut(params []Param) bool {
	if said := First(params, "OptOutType"); said != "" {
		return strings.EqualFold(said, "STOP")
	}
	return KeywordOf(First(params, "Body")) == KeywordOptOut
}

// plain leaves letters and digits: in capitals, wide ones narrow and narrow
// ones wide as is usual, and without accents, which people leave out and
// capitals lose.
func plain(s string) string {
	return strings.Map(plainLetter, norm.NFKD.String(s))
}

func plainLetter(c rune) rune {
	if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
		return -1
	}
	return unicode.ToUpper(c)
}

var keywords = keywordTable(map[Keyword]string{
	KeywordOptOut: `
		STOP STOPALL STOPP UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT REMOVE TD
		ARRÊT ARRÊTER DÉSABONNER DÉSABONNEMENT DÉSINSCRIRE
		ALTO BAJA PARAR DETENER CANCELAR PARE SAIR DESCADASTRAR REMOVER
		ABMELDEN ABMELDUNG ABBESTELLEN ENDE FERMA FERMARE BASTA ANNULLA CANCELLA CANCELLAMI DISISCRIVI
		STOPPEN AFMELDEN UITSCHRIJVEN AVSLUTA AVREGISTRERA AFMELD AVMELD PERU LOPETA
		REZYGNUJĘ WYPISZ KONEC DUR İPTAL СТОП ОТПИСАТЬСЯ ОТПИСКА ΣΤΟΠ
		停止 配信停止 解除 ストップ 退订 退訂 取消 수신거부 중지 הסר קף توقف إيقاف إلغاء BERHENTI HỦY`,
	KeywordOptIn: `
		START YES UNSTOP SUBSCRIBE OPTIN RESUME
		COMMENCER DÉMARRER DÉBUT INICIAR COMENZAR EMPEZAR ALTA SUSCRIBIR COMEÇAR
		ANMELDEN STARTEN INIZIA ISCRIVIMI AANMELDEN СТАРТ 開始 再開 開始する スタート 시작 MULAI BAŞLAT`,
	KeywordHelp: `
		HELP INFO INFOS AIDE AYUDA AJUDA HILFE AIUTO HULP HJÄLP HJÆLP HJELP APUA
		POMOC YARDIM ПОМОЩЬ ヘルプ 帮助 幫助 도움말 BANTUAN`,
})

func keywordTable(words map[Keyword]string) map[string]Keyword {
	table := make(map[string]Keyword)
	for keyword, list := range words {
		for word := range strings.FieldsSeq(list) {
			table[plain(word)] = keyword
		}
	}
	return table
}
