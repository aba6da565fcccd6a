package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// copyTable is rows on their way into a table, in the binary format of COPY (PostgreSQL documentation, page COPY). Its methods
// add one value each, in the order of the columns.
type copyTable struct {
	name string
	rows int64
	out  *bufio.Writer
	pipe *io.PipeWriter
	done chan error
	row  []byte
}

// startCopy begins a transaction that empties a table and fills it with rows that are visible to everybody (FREEZE), so that
// indexes answer alone as they do after VACUUM. With keep, the rows that are there stay, and nothing is frozen.
func startCopy(ctx context.Context, url string, keep bool, name string, columns ...string) *copyTable {
	r, w := io.Pipe()
	t := &copyTable{name: name, out: bufio.NewWriterSize(w, 1<<20), pipe: w, done: make(chan error, 1)}
	go func() {
		err := copyFrom(ctx, url, keep, name, columns, r)
		_ = r.CloseWithError(err)
		t.done <- err
	}()
	_, _ = t.out.WriteString("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	return t
}

func copyFrom(ctx context.Context, url string, keep bool, name string, columns []string, rows io.Reader) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	options := "FORMAT binary"
	if !keep {
		options += ", FREEZE"
		if _, err := tx.Exec(ctx, "TRUNCATE "+name); err != nil {
			return err
		}
	}
	sql := fmt.Sprintf("COPY %s (%s) FROM STDIN (%s)", name, strings.Join(columns, ", "), options)
	if _, err := conn.PgConn().CopyFrom(ctx, rows, sql); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	return tx.Commit(ctx)
}

// begin begins a row with n values. An error of the rows before is returned by finish.
func (t *copyTable) begin(n int) *copyTable {
	_, _ = t.out.Write(t.row)
	t.row = binary.BigEndian.AppendUint16(t.row[:0], uint16(n))
	t.rows++
	return t
}

// finish ends the rows, and commits them.
func (t *copyTable) finish() error {
	_, _ = t.out.Write(t.row)
	_, _ = t.out.WriteString("\xff\xff")
	_ = t.out.Flush()
	_ = t.pipe.Close()
	return <-t.done
}

func (t *copyTable) length(n int) { t.row = binary.BigEndian.AppendUint32(t.row, uint32(n)) }

func (t *copyTable) null() *copyTable {
	t.row = append(t.row, 0xff, 0xff, 0xff, 0xff)
	return t
}

func (t *copyTable) id(id uuid.UUID) *copyTable {
	t.length(len(id))
	t.row = append(t.row, id[:]...)
	return t
}

func (t *copyTable) text(texts ...string) *copyTable {
	for _, s := range texts {
		t.length(len(s))
		t.row = append(t.row, s...)
	}
	return t
}

// json adds a value of the type jsonb; an empty text is NULL.
func (t *copyTable) json(text string) *copyTable {
	if text == "" {
		return t.null()
	}
	t.length(1 + len(text))
	t.row = append(append(t.row, 1), text...)
	return t
}

func (t *copyTable) integers(list ...int) *copyTable {
	for _, n := range list {
		t.length(4)
		t.row = binary.BigEndian.AppendUint32(t.row, uint32(n))
	}
	return t
}

func (t *copyTable) bigint(n int64) *copyTable {
	t.length(8)
	t.row = binary.BigEndian.AppendUint64(t.row, uint64(n))
	return t
}

func (t *copyTable) boolean(b bool) *copyTable {
	t.length(1)
	if b {
		t.row = append(t.row, 1)
	} else {
		t.row = append(t.row, 0)
	}
	return t
}

// epoch is where PostgreSQL counts times from.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()

// at adds instants, given in minutes since 1970.
func (t *copyTable) at(minutes ...int64) *copyTable {
	for _, m := range minutes {
		t.bigint((m*60 - epoch) * 1e6)
	}
	return t
}

// during adds a range of time, [from, to), given in minutes since 1970.
func (t *copyTable) during(from, to int64) *copyTable {
	const lowerInclusive = 2
	t.length(1 + 2*12)
	t.row = append(t.row, lowerInclusive)
	return t.at(from, to)
}
