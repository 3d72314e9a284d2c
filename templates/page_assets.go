package templates

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

//go:embed assets/*
var assetFiles embed.FS

// AssetRoot is where the assets are served.
const AssetRoot = "/assets/"

// Assets are the style sheet, the script and the picture of the pages. Each
// name holds a hash of the content, so that it may be cached for ever.
type Assets struct {
	Style, Script, Icon string // addresses, AssetRoot included

	byName map[string]Asset
}

// Asset is one file of the pages.
type Asset struct {
	Content []byte
	Type    string // its Content-Type
}

// Lookup finds an asset by the last part of its address.
func (a Assets) Lookup(name string) (Asset, bool) {
	found, ok := a.byName[name]
	return found, ok
}

func loadAssets() (Assets, error) {
	a := Assets{byName: map[string]Asset{}}
	for _, file := range []struct {
		address    *string
		name, kind string
	}{
		{&a.Style, "backstop.css", "text/css; charset=utf-8"},
		{&a.Script, "backstop.js", "text/javascript; charset=utf-8"},
		{&a.Icon, "backstop.svg", "image/svg+xml"},
	} {
		content, err := assetFiles.ReadFile("assets/" + file.name)
		if err != nil {
			return Assets{}, fmt.Errorf("read asset %s: %w", file.name, err)
		}
		name := hashedName(file.name, content)
		a.byName[name] = Asset{Content: content, Type: file.kind}
		*file.address = AssetRoot + name
	}
	return a, nil
}

func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	kind := path.Ext(name)
	return strings.TrimSuffix(name, kind) + "." + hex.EncodeToString(sum[:6]) + kind
}
