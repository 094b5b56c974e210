package trace

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression is how chunks are kept, by the names that MCAP has for it.
type Compression string

const (
	Zstd Compression = "zstd"
	LZ4  Compression = "lz4"
	None Compression = "" // the zero value: for readers that have neither
)

// ParseCompression takes the words of a command line.
func ParseCompression(text string) (Compression, error) {
	switch text {
	case "zstd", "lz4":
		return Compression(text), nil
	case "none":
		return None, nil
	}
	return "", fmt.Errorf("there are zstd, lz4 and none")
}

// compressor makes the same bytes of the same bytes: it is one thread.
type compressor struct {
	kind Compression
	zstd *zstd.Encoder
	lz4  *lz4.Writer
	out  bytes.Buffer
}

func newCompressor(kind Compression) (*compressor, error) {
	c := &compressor{kind: kind}
	var err error
	switch kind {
	case None:
	case Zstd:
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	case LZ4:
		c.lz4 = lz4.NewWriter(nil)
		err = c.lz4.Apply(lz4.ConcurrencyOption(1), lz4.ChecksumOption(false))
	default:
		err = fmt.Errorf("trace: there is no compression %q", kind)
	}
	return c, err
}

// compress returns bytes that are good until the next call.
func (c *compressor) compress(b []byte) ([]byte, error) {
	switch c.kind {
	case Zstd:
		return c.zstd.EncodeAll(b, c.out.AvailableBuffer()), nil
	case LZ4:
		c.out.Reset()
		c.lz4.Reset(&c.out)
		if _, err := c.lz4.Write(b); err != nil {
			return nil, err
		}
		err := c.lz4.Close()
		return c.out.Bytes(), err
	}
	return b, nil
}

// window is how far back a chunk of a size may refer, which is what reading it
// takes besides the chunk: no further than it is long, but for 8 MiB, which all
// writers may use, and 128 MiB at most.
func window(size uint64) uint64 { return min(max(size, 8<<20), 128<<20) }

// decompress reads what a chunk says it holds, and no more: room is made as
// bytes come, so that a length that is made up costs nothing.
func decompress(kind Compression, from []byte, size uint64) ([]byte, error) {
	if size > maxChunk {
		return nil, fmt.Errorf("a chunk of %d bytes is more than %d, the most that is read", size, uint64(maxChunk))
	}
	var r io.Reader
	switch kind {
	case None:
		if uint64(len(from)) != size {
			return nil, fmt.Errorf("a chunk has %d bytes and not %d", len(from), size)
		}
		return from, nil
	case Zstd:
		z, err := zstd.NewReader(bytes.NewReader(from), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(window(size)), zstd.WithDecoderMaxMemory(max(size, window(size))))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	case LZ4:
		r = lz4.NewReader(bytes.NewReader(from))
	default:
		return nil, fmt.Errorf("chunks are compressed with %q, which is not known here", kind)
	}
	var out bytes.Buffer
	out.Grow(int(min(size, 64*uint64(len(from))+512)))
	if _, err := io.Copy(&out, io.LimitReader(r, int64(size)+1)); err != nil {
		return nil, err
	}
	if uint64(out.Len()) != size {
		return nil, fmt.Errorf("a chunk has %d bytes and not %d", out.Len(), size)
	}
	return out.Bytes(), nil
}
