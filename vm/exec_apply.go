package vm

import (
	"context"

	"github.com/zerodb/zerodb/ops"
)

// applyCursor runs a fragment for each row of its parent's batch, and gives the rows that come of it.
type applyCursor struct {
	emptyCursor
	fr     *frame
	f      *linkedFragment
	child  *frame
	first  uint16       // of the inputs
	parent *cursorState // nil where all inputs are scalars
	outer  bool
	j      int   // the parent's selected row that comes next
	row    int32 // the row at hand
	empty  bool  // it has given nothing yet
	ended  bool
	out    *OutBatch // what the fragment gave last, and how much of it was passed on
	at     int

	parents []int32
	arena   arena
}

func doOpenApply(fr *frame, in *Instr) signal {
	cs := &fr.cursors[in.A]
	c := &cs.apply
	c.fr, c.f, c.first = fr, &fr.run.linked.fragments[in.B], in.C
	c.parent, c.j, c.row, c.out, c.ended, c.empty = nil, 0, 0, nil, true, false
	decl := &fr.frag.Cursors[in.A]
	c.outer = decl.Outer
	if decl.Parent > 0 {
		c.parent = &fr.cursors[decl.Parent-1]
	}
	cs.open(c, nil, len(fr.run.linked.Program.Shapes[c.f.Shape].Names))
	return goOn
}

// Close implements Cursor.
func (c *applyCursor) Close() (err error) {
	if c.child != nil {
		err = c.child.release()
	}
	c.fr, c.child, c.out, c.parent = nil, nil, nil, nil
	c.arena.reset()
	return err
}

// Next implements Cursor.
func (c *applyCursor) Next(_ context.Context, b *Batch) error {
	for i := range b.Cols {
		b.Cols[i].Reset(ops.KindNone, 0)
	}
	b.N, c.parents = 0, c.parents[:0]
	c.arena.reset()
	for b.N < b.Room() {
		switch {
		case c.out != nil:
			c.pass(b)
		case !c.ended:
			if err := c.pull(b); err != nil {
				return err
			}
		case c.j < c.rows():
			if err := c.enter(); err != nil {
				return err
			}
		default:
			b.Parent = c.parents
			return nil
		}
	}
	b.Parent = c.parents
	return nil
}

func (c *applyCursor) rows() int {
	if c.parent == nil {
		return 1
	}
	return c.parent.selected()
}

// enter starts the fragment for the next row.
func (c *applyCursor) enter() error {
	if c.child == nil {
		c.child = c.f.frame(c.fr.run)
	} else if err := c.child.rewind(); err != nil {
		return err
	}
	c.row = 0
	if c.parent != nil {
		c.row = int32(c.parent.row(c.j))
	}
	c.j++
	for i := range c.child.inputs {
		c.child.inputs[i] = c.fr.at(c.first+uint16(i), int(c.row))
	}
	c.ended, c.empty = false, true
	return nil
}

// pull asks the fragment for rows. At its end an outer row that got none has one of none.
func (c *applyCursor) pull(b *Batch) (err error) {
	c.at = 0
	if c.out, err = c.child.resume(); err != nil || c.out != nil {
		return err
	}
	c.ended = true
	if c.empty && c.outer {
		for i := range b.Cols {
			b.Cols[i].Append(ops.None)
		}
		c.parents = append(c.parents, c.row)
		b.N++
	}
	return nil
}

// pass copies rows that the fragment gave.
func (c *applyCursor) pass(b *Batch) {
	n := min(c.out.N-c.at, b.Room()-b.N)
	for i := range c.out.Shape.Names {
		for r := range n {
			b.Cols[i].Append(c.arena.copy(c.out.Value(c.at+r, i)))
		}
	}
	for range n {
		c.parents = append(c.parents, c.row)
	}
	c.empty = false
	b.N += n
	if c.at += n; c.at == c.out.N {
		c.out = nil
	}
}
