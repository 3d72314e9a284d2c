// Command dictionary trains the zstd dictionary with which package params
// packs parameters. It makes up its requests itself, from a fixed seed, and
// holds no data of anybody:
//
//	go run ./store/dictionary -o store/params/dictionary-1.zstd
//
// A dictionary that was released is never changed, for rows in databases need
// it: a better one is a new version beside it.
package main

import (
	"flag"
	"log/slog"
	"os"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"github.com/backstop-project/backstop/store/params"
)

// The id stands in every frame: below 256 it takes one byte.
const (
	dictionaryID = 1
	size         = 8 << 10
	requests     = 20_000
)

func main() {
	out := flag.String("o", "store/params/dictionary-1.zstd", "where the dictionary goes")
	flag.Parse()
	if err := train(*out); err != nil {
		slog.New(slog.NewTextHandler(os.Stderr, nil)).Error("train dictionary", "err", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func train(out string) error {
	packer := params.Untrained()
	made := newMaker(1)
	samples := make([][]byte, 0, requests)
	for range requests {
		request, known := made.request()
		samples = append(samples, packer.Lean(nil, request, known))
	}
	trained, err := dict.BuildZstdDict(samples, dict.Options{
		MaxDictSize:    size,
		HashBytes:      6,
		ZstdDictID:     dictionaryID,
		ZstdDictCompat: true,
		ZstdLevel:      zstd.SpeedFastest,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(out, trained, 0o600)
}
