package twilio

import "strings"

// callingCodes are the country codes of ITU-T E.164 but for 1 and 7, which
// several countries share. Territories go with the country whose code they use.
var callingCodes = readTable(`
20 EG  211 SS 212 MA 213 DZ 216 TN 218 LY 220 GM 221 SN 222 MR 223 ML 224 GN
225 CI 226 BF 227 NE 228 TG 229 BJ 230 MU 231 LR 232 SL 233 GH 234 NG 235 TD
236 CF 237 CM 238 CV 239 ST 240 GQ 241 GA 242 CG 243 CD 244 AO 245 GW 246 IO
247 SH 248 SC 249 SD 250 RW 251 ET 252 SO 253 DJ 254 KE 255 TZ 256 UG 257 BI
258 MZ 260 ZM 261 MG 262 RE 263 ZW 264 NA 265 MW 266 LS 267 BW 268 SZ 269 KM
27 ZA  290 SH 291 ER 297 AW 298 FO 299 GL
30 GR  31 NL  32 BE  33 FR  34 ES  350 GI 351 PT 352 LU 353 IE 354 IS 355 AL
356 MT 357 CY 358 FI 359 BG 36 HU  370 LT 371 LV 372 EE 373 MD 374 AM 375 BY
376 AD 377 MC 378 SM 379 VA 380 UA 381 RS 382 ME 383 XK 385 HR 386 SI 387 BA
389 MK 39 IT
40 RO  41 CH  420 CZ 421 SK 423 LI 43 AT  44 GB  45 DK  46 SE  47 NO  48 PL
49 DE
500 FK 501 BZ 502 GT 503 SV 504 HN 505 NI 506 CR 507 PA 508 PM 509 HT 51 PE
52 MX  53 CU  54 AR  55 BR  56 CL  57 CO  58 VE  590 GP 591 BO 592 GY 593 EC
594 GF 595 PY 596 MQ 597 SR 598 UY 599 CW
60 MY  61 AU  62 ID  63 PH  64 NZ  65 SG  66 TH  670 TL 672 NF 673 BN 674 NR
675 PG 676 TO 677 SB 678 VU 679 FJ 680 PW 681 WF 682 CK 683 NU 685 WS 686 KI
687 NC 688 TV 689 PF 690 TK 691 FM 692 MH
81 JP  82 KR  84 VN  850 KP 852 HK 853 MO 855 KH 856 LA 86 CN  880 BD 886 TW
90 TR  91 IN  92 PK  93 AF  94 LK  95 MM  960 MV 961 LB 962 JO 963 SY 964 IQ
965 KW 966 SA 967 YE 968 OM 970 PS 971 AE 972 IL 973 BH 974 QA 975 BT 976 MN
977 NP 98 IR  992 TJ 993 TM 994 AZ 995 GE 996 KG 998 UZ`)

// areaCodes are those of the North American Numbering Plan outside the US.
var areaCodes = readTable(`
204 CA 226 CA 236 CA 249 CA 250 CA 257 CA 263 CA 289 CA 306 CA 343 CA 354 CA
365 CA 367 CA 368 CA 382 CA 403 CA 416 CA 418 CA 428 CA 431 CA 437 CA 438 CA
450 CA 468 CA 474 CA 506 CA 514 CA 519 CA 548 CA 579 CA 581 CA 584 CA 587 CA
604 CA 613 CA 639 CA 647 CA 672 CA 683 CA 705 CA 709 CA 742 CA 753 CA 778 CA
780 CA 782 CA 807 CA 819 CA 825 CA 867 CA 873 CA 879 CA 902 CA 905 CA 942 CA
242 BS 246 BB 264 AI 268 AG 284 VG 340 VI 345 KY 441 BM 473 GD 649 TC 658 JM
664 MS 670 MP 671 GU 684 AS 721 SX 758 LC 767 DM 784 VC 787 PR 809 DO 829 DO
849 DO 868 TT 869 KN 876 JM 939 PR`)

const tollFree = "800 833 844 855 866 877 888"

func readTable(text string) map[string]string {
	words := strings.Fields(text)
	table := make(map[string]string, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		table[words[i]] = words[i+1]
	}
	return table
}

var languages = readLanguages(`
AD ca es fr; AE ar en; AF fa ps; AG en; AI en; AL sq; AM hy; AO pt; AR es; AS en;
AT de; AU en; AW nl es; AZ az; BA bs hr sr; BB en; BD bn; BE nl fr de; BF fr;
BG bg; BH ar en; BI fr; BJ fr; BM en; BN ms en; BO es; BR pt; BS en; BT dz en;
BW en; BY ru be; BZ en es; CA en fr; CD fr; CF fr; CG fr; CH de fr it; CI fr;
CK en; CL es; CM fr en; CN zh; CO es; CR es; CU es; CV pt; CW nl en; CY el tr en;
CZ cs; DE de; DJ fr ar; DK da; DM en; DO es; DZ ar fr; EC es; EE et ru; EG ar;
ER ti ar; ES es; ET am; FI fi sv; FJ en; FK en; FM en; FO fo da; FR fr; GA fr;
GB en; GD en; GE ka; GF fr; GH en; GI en es; GL kl da; GM en; GN fr; GP fr;
GQ es fr; GR el; GT es; GU en; GW pt; GY en; HK zh en; HN es; HR hr; HT fr;
HU hu; ID id; IE en; IL he ar; IN hi en; IO en; IQ ar ku; IR fa; IS is; IT it;
JM en; JO ar; JP ja; KE en sw; KG ky ru; KH km; KI en; KM fr ar; KN en; KP ko;
KR ko; KW ar; KY en; KZ kk ru; LA lo; LB ar fr; LC en; LI de; LK si ta en; LR en;
LS en; LT lt; LU fr de; LV lv ru; LY ar; MA ar fr; MC fr; MD ro ru; ME sr; MG fr;
MH en; MK mk sq; ML fr; MM my; MN mn; MO zh pt; MP en; MQ fr; MR ar fr; MS en;
MT en mt; MU en fr; MV dv en; MW en; MX es; MY ms en; MZ pt; NA en; NC fr; NE fr;
NF en; NG en; NI es; NL nl; NO no; NP ne; NR en; NU en; NZ en; OM ar; PA es;
PE es; PF fr; PG en; PH en; PK ur en; PL pl; PM fr; PR es en; PS ar; PT pt;
PW en; PY es; QA ar en; RE fr; RO ro; RS sr; RU ru; RW en fr; SA ar; SB en;
SC en fr; SD ar; SE sv; SG en zh; SH en; SI sl; SK sk; SL en; SM it; SN fr;
SO so; SR nl; SS en; ST pt; SV es; SX en nl; SY ar; SZ en; TC en; TD fr ar;
TG fr; TH th; TJ tg ru; TK en; TL pt; TM tk; TN ar fr; TO en; TR tr; TT en;
TV en; TW zh; TZ sw en; UA uk; UG en; US en; UY es; UZ uz ru; VA it; VC en;
VE es; VG en; VI en; VN vi; VU en fr; WF fr; WS en; XK sq sr; YE ar; ZA en;
ZM en; ZW en`)

func readLanguages(text string) map[string]string {
	table := make(map[string]string)
	for row := range strings.SplitSeq(text, ";") {
		country, list, _ := strings.Cut(strings.TrimSpace(row), " ")
		table[country] = list
	}
	return table
}
