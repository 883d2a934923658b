package server

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// hash names a prepared program.
type hash [sha256.Size]byte

// program is what a hash stands for. A text is compiled by each database that it is run in, once for each version of its
// definitions; all sessions share what that gives.
type program struct {
	hash hash
	text string
	zqb  []byte // instead of text
	// quick programs read a number of keys that is known, so that they run where they are asked for.
	quick bool
}

// programs are the programs that are known by their hash, those used last, up to a number of bytes.
type programs struct {
	limit int64

	mu     sync.RWMutex
	byHash map[hash]*list.Element // of *program
	recent list.List              // the one prepared last in front
	bytes  int64
}

func newPrograms(limit int64) *programs {
	return &programs{limit: limit, byHash: map[hash]*list.Element{}}
}

// hashOf is the hash of a program: SHA-256 of a zero or a one and the text or the file.
func hashOf(text string, zqb []byte) hash {
	h := sha256.New()
	if zqb != nil {
		h.Write([]byte{1})
		h.Write(zqb)
	} else {
		h.Write([]byte{0})
		h.Write([]byte(text))
	}
	return hash(h.Sum(nil))
}

// HashOf is the hash of a text in hexadecimal, as logs name it.
func HashOf(text string) string {
	h := hashOf(text, nil)
	return hex.EncodeToString(h[:])
}

func (ps *programs) find(h []byte) (*program, error) {
	if len(h) != len(hash{}) {
		return nil, ops.Errorf(ops.CodeBadRequest, "the hash of a program has %d bytes, not %d", len(h), len(hash{}))
	}
	ps.mu.RLock()
	e := ps.byHash[hash(h)]
	ps.mu.RUnlock()
	if e == nil {
		return nil, ops.Errorf(ops.CodeUnknownProgram, "there is no program %x", h[:8]).WithHint("prepare it again")
	}
	return e.Value.(*program), nil
}

// add makes a program known.
func (ps *programs) add(p *program) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if e := ps.byHash[p.hash]; e != nil {
		ps.recent.MoveToFront(e)
		e.Value = p
		return
	}
	ps.byHash[p.hash] = ps.recent.PushFront(p)
	ps.bytes += p.size()
	for ps.bytes > ps.limit && ps.recent.Len() > 1 {
		oldest := ps.recent.Remove(ps.recent.Back()).(*program)
		delete(ps.byHash, oldest.hash)
		ps.bytes -= oldest.size()
	}
}

func (p *program) size() int64 { return int64(len(p.text)+len(p.zqb)) + 256 }

// prepare compiles a program in a session and describes it. Nothing is kept of one that does not compile.
func prepare(ctx context.Context, c *zerodb.Session, st *protocol.Program) (*program, *zerodb.Stmt, error) {
	var compiled *zerodb.Stmt
	var err error
	p := &program{}
	switch {
	case len(st.GetZqb()) > 0:
		p.zqb = st.Zqb
		compiled, err = c.PrepareProgram(ctx, p.zqb)
	case st.GetText() != "":
		p.text = st.Text
		compiled, err = c.Prepare(ctx, p.text)
	default:
		err = ops.Errorf(ops.CodeBadRequest, "Prepare wants a text or a compiled program")
	}
	if err != nil {
		return nil, nil, err
	}
	d := compiled.Describe()
	p.hash = hashOf(p.text, p.zqb)
	p.quick = d.Query && d.Manifest.Cost == vm.CostConstant
	return p, compiled, nil
}
