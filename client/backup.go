package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// Backup gives a sink the server's database as it is at one moment, see zerodb.DB.Backup.
func (db *DB) Backup(ctx context.Context, to zerodb.BackupSink) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req := &protocol.BackupRequest{}
	database, files := to.Have()
	req.Database = database
	for _, f := range files {
		req.Have = append(req.Have, &protocol.BackupFile{Name: f.Name, Size: uint64(f.Size)})
	}
	stream, err := db.operations().Backup(ctx, req)
	for err == nil {
		var m *protocol.BackupResponse
		if m, err = stream.Recv(); err != nil {
			break
		}
		switch p := m.Piece.(type) {
		case *protocol.BackupResponse_Start:
			s := p.Start
			err = to.Start(zerodb.BackupStart{Database: s.GetDatabase(), Time: s.GetTime(), Since: s.GetSince(), Until: s.GetUntil(), Format: int(s.GetFormat())})
		case *protocol.BackupResponse_Kept:
			err = to.Kept(fileOf(p.Kept))
		case *protocol.BackupResponse_File:
			in := &backupFile{stream: stream, sum: sha256.New()}
			if err = to.File(fileOf(p.File), in); err == nil && !in.ended {
				err = ops.Errorf(ops.CodeInternal, "the file %s was not read to its end", p.File.GetName())
			}
		default:
			err = ops.Errorf(ops.CodeInternal, "the server sent bytes of no file")
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return wire.FromStatus(err, "")
}

func fileOf(m *protocol.BackupFile) zerodb.BackupFile {
	return zerodb.BackupFile{Name: m.GetName(), Size: int64(min(m.GetSize(), 1<<62))}
}

// backupFile reads the bytes of a file as they come.
type backupFile struct {
	stream protocol.Operate_BackupClient
	sum    hash.Hash
	data   []byte
	ended  bool
}

// Read reads.
func (f *backupFile) Read(p []byte) (int, error) {
	for len(f.data) == 0 {
		if f.ended {
			return 0, io.EOF
		}
		m, err := f.stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, wire.FromStatus(err, "")
		}
		switch piece := m.Piece.(type) {
		case *protocol.BackupResponse_Data:
			f.data = piece.Data
			f.sum.Write(f.data)
		case *protocol.BackupResponse_Sum:
			if f.ended = true; !bytes.Equal(f.sum.Sum(nil), piece.Sum) {
				return 0, ops.Errorf(ops.CodeCorrupt, "a file came other than it was sent")
			}
		default:
			return 0, ops.Errorf(ops.CodeInternal, "the server sent something else within a file")
		}
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}
