package config

import (
	"fmt"
	"time"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
)

// hoursOf is when a place is open.
type hoursOf struct {
	At       value
	Zone     value   `yaml:"zone"`
	Open     []value `yaml:"open"`
	Holidays []value `yaml:"holidays"`
}

// roster is an on-call list.
type roster struct {
	At       value
	Zone     value    `yaml:"zone"`
	Rotate   value    `yaml:"rotate"`
	From     value    `yaml:"from"`
	Handover value    `yaml:"handover"`
	People   []person `yaml:"people"`
}

// person is somebody on an on-call list.
type person struct {
	At    value
	Name  value `yaml:"name"`
	To    value `yaml:"to"`
	Hours value `yaml:"hours"`
}

// hours are business hours and on-call lists. What they may say is recovery's to
// judge; where they name no zone the program's own is meant.
func (a *answering) hours(f file, o *recovery.Options) {
	o.Hours = make(map[string]hours.Options, len(f.Hours))
	for name, one := range f.Hours {
		key := "hours." + name
		if around := a.begins(key, one.At, f.At); !around.invalid {
			zone := a.zone(key, one.Zone, f.TimeZone)
			a.place(key+".open", first(one.Open...), around)
			o.Hours[name] = hours.Options{Zone: zone, Open: a.list(key+".open", one.Open), Holidays: a.list(key+".holidays", one.Holidays)}
		}
	}
	o.OnCall = make(map[string]hours.RosterOptions, len(f.OnCall))
	for name, one := range f.OnCall {
		key := "on_call." + name
		if around := a.begins(key, one.At, f.At); !around.invalid {
			o.OnCall[name] = a.roster(key, one, around, f.TimeZone)
		}
	}
}

// begins is where an entry begins that bears the operator's own name; there may
// be nothing behind it.
func (a *answering) begins(key string, at, whole value) value {
	if at.key == "" {
		at = whole
		at.key = key
	}
	return at
}

// zone is what v says, else the program's time zone. One that is none is
// complained of where it is written, and not here too.
func (a *answering) zone(key string, v, ofProgram value) string {
	a.places[key+".zone"] = v
	if v.set() {
		return v.text
	}
	if _, err := time.LoadLocation(ofProgram.text); err != nil || v.invalid || ofProgram.text == "Local" {
		return ""
	}
	return ofProgram.text
}

func (a *answering) roster(key string, written roster, around, ofProgram value) hours.RosterOptions {
	o := hours.RosterOptions{
		Zone: a.zone(key, written.Zone, ofProgram), Rotate: written.Rotate.text,
		From: written.From.text, Handover: written.Handover.text,
	}
	a.place(key+".rotate", written.Rotate, around)
	a.place(key+".from", written.From, around)
	a.place(key+".handover", written.Handover, around)
	a.place(key+".people", value{}, around)
	for _, one := range written.People {
		if one.At.invalid {
			a.places[key+".people"] = one.At // there may be nobody else
			continue
		}
		at := fmt.Sprintf("%s.people[%d]", key, len(o.People))
		a.place(at+".name", one.Name, one.At)
		a.place(at+".to", one.To, one.At)
		a.place(at+".hours", one.Hours, one.At)
		o.People = append(o.People, hours.PersonOptions{Name: one.Name.text, To: one.To.text, Hours: one.Hours.text})
	}
	return o
}
