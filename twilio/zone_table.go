package twilio

// zones are the time zones of countries, by their names in the IANA's data base:
// of several those whose times lie furthest apart. Places of a few thousand
// people are left out, whose time would blur that of all others.
var zones = readTable(`
AD Europe/Andorra AE Asia/Dubai AF Asia/Kabul AG America/Antigua AI America/Anguilla AL Europe/Tirane
AM Asia/Yerevan AO Africa/Luanda AR America/Argentina/Buenos_Aires AS Pacific/Pago_Pago AT Europe/Vienna
AU Australia/Perth,Australia/Brisbane,Australia/Sydney AW America/Aruba AZ Asia/Baku BA Europe/Sarajevo
BB America/Barbados BD Asia/Dhaka BE Europe/Brussels BF Africa/Ouagadougou BG Europe/Sofia BH Asia/Bahrain
BI Africa/Bujumbura BJ Africa/Porto-Novo BM Atlantic/Bermuda BN Asia/Brunei BO America/La_Paz
BR America/Belem,America/Eirunepe BS America/Nassau BT Asia/Thimphu BW Africa/Gaborone BY Europe/Minsk
BZ America/Belize CA America/St_Johns,America/Vancouver CD Africa/Kinshasa,Africa/Lubumbashi CF Africa/Bangui
CG Africa/Brazzaville CH Europe/Zurich CI Africa/Abidjan CK Pacific/Rarotonga
CL America/Santiago,America/Punta_Arenas CM Africa/Douala CN Asia/Shanghai CO America/Bogota
CR America/Costa_Rica CU America/Havana CV Atlantic/Cape_Verde CW America/Curacao CY Asia/Nicosia
CZ Europe/Prague DE Europe/Berlin DJ Africa/Djibouti DK Europe/Copenhagen DM America/Dominica
DO America/Santo_Domingo DZ Africa/Algiers EC America/Guayaquil EE Europe/Tallinn EG Africa/Cairo
ER Africa/Asmara ES Europe/Madrid,Atlantic/Canary ET Africa/Addis_Ababa FI Europe/Helsinki FJ Pacific/Fiji
FK Atlantic/Stanley FM Pacific/Chuuk,Pacific/Pohnpei FO Atlantic/Faroe FR Europe/Paris GA Africa/Libreville
GB Europe/London GD America/Grenada GE Asia/Tbilisi GF America/Cayenne GH Africa/Accra GI Europe/Gibraltar
GL America/Nuuk GM Africa/Banjul GN Africa/Conakry GP America/Guadeloupe GQ Africa/Malabo GR Europe/Athens
GT America/Guatemala GU Pacific/Guam GW Africa/Bissau GY America/Guyana HK Asia/Hong_Kong
HN America/Tegucigalpa HR Europe/Zagreb HT America/Port-au-Prince HU Europe/Budapest
ID Asia/Jakarta,Asia/Jayapura IE Europe/Dublin IL Asia/Jerusalem IN Asia/Kolkata IO Indian/Chagos
IQ Asia/Baghdad IR Asia/Tehran IS Atlantic/Reykjavik IT Europe/Rome JM America/Jamaica JO Asia/Amman
JP Asia/Tokyo KE Africa/Nairobi KG Asia/Bishkek KH Asia/Phnom_Penh KI Pacific/Tarawa,Pacific/Kiritimati
KM Indian/Comoro KN America/St_Kitts KP Asia/Pyongyang KR Asia/Seoul KW Asia/Kuwait KY America/Cayman
KZ Asia/Almaty LA Asia/Vientiane LB Asia/Beirut LC America/St_Lucia LI Europe/Vaduz LK Asia/Colombo
LR Africa/Monrovia LS Africa/Maseru LT Europe/Vilnius LU Europe/Luxembourg LV Europe/Riga LY Africa/Tripoli
MA Africa/Casablanca MC Europe/Monaco MD Europe/Chisinau ME Europe/Podgorica MG Indian/Antananarivo
MH Pacific/Majuro MK Europe/Skopje ML Africa/Bamako MM Asia/Yangon MN Asia/Hovd,Asia/Ulaanbaatar MO Asia/Macau
MP Pacific/Saipan MQ America/Martinique MR Africa/Nouakchott MS America/Montserrat MT Europe/Malta
MU Indian/Mauritius MV Indian/Maldives MW Africa/Blantyre MX America/Cancun,America/Tijuana,America/Hermosillo
MY Asia/Kuala_Lumpur MZ Africa/Maputo NA Africa/Windhoek NC Pacific/Noumea NE Africa/Niamey NF Pacific/Norfolk
NG Africa/Lagos NI America/Managua NL Europe/Amsterdam NO Europe/Oslo NP Asia/Kathmandu NR Pacific/Nauru
NU Pacific/Niue NZ Pacific/Auckland OM Asia/Muscat PA America/Panama PE America/Lima PF Pacific/Tahiti
PG Pacific/Port_Moresby,Pacific/Bougainville PH Asia/Manila PK Asia/Karachi PL Europe/Warsaw
PM America/Miquelon PR America/Puerto_Rico PS Asia/Gaza PT Europe/Lisbon,Atlantic/Azores PW Pacific/Palau
PY America/Asuncion QA Asia/Qatar RE Indian/Reunion RO Europe/Bucharest RS Europe/Belgrade
RU Europe/Kaliningrad,Asia/Kamchatka RW Africa/Kigali SA Asia/Riyadh SB Pacific/Guadalcanal SC Indian/Mahe
SD Africa/Khartoum SE Europe/Stockholm SG Asia/Singapore SH Atlantic/St_Helena SI Europe/Ljubljana
SK Europe/Bratislava SL Africa/Freetown SM Europe/San_Marino SN Africa/Dakar SO Africa/Mogadishu
SR America/Paramaribo SS Africa/Juba ST Africa/Sao_Tome SV America/El_Salvador SX America/Lower_Princes
SY Asia/Damascus SZ Africa/Mbabane TC America/Grand_Turk TD Africa/Ndjamena TG Africa/Lome TH Asia/Bangkok
TJ Asia/Dushanbe TK Pacific/Fakaofo TL Asia/Dili TM Asia/Ashgabat TN Africa/Tunis TO Pacific/Tongatapu
TR Europe/Istanbul TT America/Port_of_Spain TV Pacific/Funafuti TW Asia/Taipei TZ Africa/Dar_es_Salaam
UA Europe/Kyiv UG Africa/Kampala US America/New_York,America/Los_Angeles UY America/Montevideo
UZ Asia/Samarkand VA Europe/Vatican VC America/St_Vincent VE America/Caracas VG America/Tortola
VI America/St_Thomas VN Asia/Ho_Chi_Minh VU Pacific/Efate WF Pacific/Wallis WS Pacific/Apia XK Europe/Belgrade
YE Asia/Aden ZA Africa/Johannesburg ZM Africa/Lusaka ZW Africa/Harare`)

// areaZones are those of area codes of the North American Numbering Plan that
// tell more than the country does.
var areaZones = readTable(`
709 America/St_Johns 879 America/St_Johns
428 America/Halifax 506 America/Halifax 782 America/Halifax 902 America/Halifax
226 America/Toronto 249 America/Toronto 263 America/Toronto 289 America/Toronto 343 America/Toronto
354 America/Toronto 365 America/Toronto 367 America/Toronto 382 America/Toronto 416 America/Toronto
418 America/Toronto 437 America/Toronto 438 America/Toronto 450 America/Toronto 468 America/Toronto
514 America/Toronto 519 America/Toronto 548 America/Toronto 579 America/Toronto 581 America/Toronto
613 America/Toronto 647 America/Toronto 683 America/Toronto 705 America/Toronto 742 America/Toronto
753 America/Toronto 819 America/Toronto 873 America/Toronto 905 America/Toronto 942 America/Toronto
807 America/Toronto,America/Winnipeg
204 America/Winnipeg 431 America/Winnipeg 584 America/Winnipeg
306 America/Regina 474 America/Regina 639 America/Regina
368 America/Edmonton 403 America/Edmonton 587 America/Edmonton 780 America/Edmonton 825 America/Edmonton
808 Pacific/Honolulu 907 America/Anchorage`)
