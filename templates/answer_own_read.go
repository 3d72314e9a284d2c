package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"strings"
)

const ending = ".tmpl"

// readOwn reads every template in folder. Files with another ending are none
// of ours; folders are not entered.
func readOwn(folder fs.FS, log *slog.Logger) (map[ownKey]*own, ownPhrases, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, nil, &OwnError{"templates", err.Error(), "name a folder that can be read, or remove the setting"}
	}
	all, phrases := map[ownKey]*own{}, ownPhrases{}
	var mistakes []error
	for _, entry := range entries {
		if entry.IsDir() || path.Ext(entry.Name()) != ending {
			continue
		}
		if isPhrase(entry.Name()) {
			key, text, err := readPhrase(folder, entry.Name())
			if err != nil {
				mistakes = append(mistakes, err)
				continue
			}
			if phrases[key] != "" {
				mistakes = append(mistakes, &OwnError{entry.Name(), "says the same as another file", "remove one of them"})
			}
			phrases[key] = text
			continue
		}
		o, err := readOne(folder, entry.Name())
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		o.warn(log)
		key := ownKey{o.situation, o.language}
		if other, taken := all[key]; taken {
			mistakes = append(mistakes, &OwnError{o.file, "says the same as " + other.file, "remove one of them"})
			continue
		}
		all[key] = o
	}
	return all, phrases, errors.Join(mistakes...)
}

func readOne(folder fs.FS, file string) (*own, error) {
	o, err := named(file)
	if err != nil {
		return nil, err
	}
	source, err := readSource(folder, file)
	if err != nil {
		return nil, err
	}
	if o.template, err = parseOwn(file, source); err != nil {
		return nil, err
	}
	return o, o.tryOut()
}

// readSource reads a template. It looks first what the file is: a pipe would
// be waited for without end, and the start or reload with it.
func readSource(folder fs.FS, file string) (string, error) {
	const remedy = "make it readable for Backstop"
	info, err := fs.Stat(folder, file)
	switch {
	case err != nil:
		return "", &OwnError{file, err.Error(), remedy}
	case !info.Mode().IsRegular():
		return "", &OwnError{file, "is a pipe or a device", "put a file there, or call it something else than " + ending}
	case info.Size() > maxSource:
		return "", &OwnError{
			file, fmt.Sprintf("has %d bytes, at most %d are allowed", info.Size(), maxSource),
			"make it shorter: Twilio would not take it either",
		}
	}
	source, err := fs.ReadFile(folder, file)
	if err != nil {
		return "", &OwnError{file, err.Error(), remedy}
	}
	return string(source), nil
}

// named reads <text>.<channel>.<language>.tmpl.
func named(file string) (*own, error) {
	text, language := "", ""
	if parts := strings.Split(strings.TrimSuffix(file, ending), "."); len(parts) == 3 {
		text, language = parts[0]+"."+parts[1], parts[2]
	}
	var names []string
	for _, s := range situations() {
		names = append(names, textName(s)+".en"+ending)
		if textName(s) != text {
			continue
		}
		tag, ok := canonicalTag(language)
		if !ok {
			return nil, &OwnError{file, strconv.Quote(language) + " is no language", "write fr, or pt-BR where the region matters"}
		}
		return &own{file: file, language: tag, situation: s}, nil
	}
	return nil, &OwnError{file, "no text has that name", "call the file " + strings.Join(names, ", ") + ", or the like with another language"}
}
