package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
)

// Backup sends the files of the database as they are at one moment.
func (o operate) Backup(req *protocol.BackupRequest, out grpc.ServerStreamingServer[protocol.BackupResponse]) error {
	ctx := out.Context()
	return o.server.db.Backup(ctx, &backupStream{ctx: ctx, req: req, out: out, buf: make([]byte, backupPiece)})
}

// backupPiece is how many bytes of a file go in one message.
const backupPiece = 256 << 10

// backupStream is a sink that sends what it takes.
type backupStream struct {
	ctx context.Context
	req *protocol.BackupRequest
	out grpc.ServerStreamingServer[protocol.BackupResponse]
	buf []byte
}

func (b *backupStream) send(m *protocol.BackupResponse) error { return sent(b.ctx, b.out.Send(m)) }

// Have implements zerodb.BackupSink.
func (b *backupStream) Have() (database string, files []zerodb.BackupFile) {
	for _, f := range b.req.GetHave() {
		files = append(files, zerodb.BackupFile{Name: f.GetName(), Size: int64(f.GetSize())})
	}
	return b.req.GetDatabase(), files
}

// Start implements zerodb.BackupSink.
func (b *backupStream) Start(s zerodb.BackupStart) error {
	return b.send(&protocol.BackupResponse{Piece: &protocol.BackupResponse_Start{Start: &protocol.BackupStart{Database: s.Database, Time: s.Time, Since: s.Since,
		Until: s.Until, Format: uint32(s.Format)}}})
}

// Kept implements zerodb.BackupSink.
func (b *backupStream) Kept(f zerodb.BackupFile) error {
	return b.send(&protocol.BackupResponse{Piece: &protocol.BackupResponse_Kept{Kept: &protocol.BackupFile{Name: f.Name, Size: uint64(f.Size)}}})
}

// File implements zerodb.BackupSink.
func (b *backupStream) File(f zerodb.BackupFile, content io.Reader) error {
	if err := b.send(&protocol.BackupResponse{Piece: &protocol.BackupResponse_File{File: &protocol.BackupFile{Name: f.Name, Size: uint64(f.Size)}}}); err != nil {
		return err
	}
	sum := sha256.New()
	for {
		n, err := io.ReadFull(content, b.buf)
		sum.Write(b.buf[:n])
		if n > 0 {
			if err := b.send(&protocol.BackupResponse{Piece: &protocol.BackupResponse_Data{Data: b.buf[:n]}}); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return b.send(&protocol.BackupResponse{Piece: &protocol.BackupResponse_Sum{Sum: sum.Sum(nil)}})
		case err != nil:
			return err
		}
	}
}
