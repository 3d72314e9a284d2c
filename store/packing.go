package store

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/backstop-project/backstop/store/params"
)

// packing is what unpacks parameters and documents, and packs parameters: one a
// ledger, for any number of goroutines.
type packing struct {
	packer    *params.Packer
	documents *zstd.Decoder
}

func newPacking() (p packing, err error) {
	if p.packer, err = params.New(); err != nil {
		return p, err
	}
	const most = 1 << 20 // no document has as much
	p.documents, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(most))
	if err != nil {
		return p, fmt.Errorf("documents: %w", err)
	}
	return p, nil
}
