package cli

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// Machine is the real world.
func Machine() *World {
	w := &World{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, FS: vfs.Default, Clock: time.Now, Random: rand.Reader,
		InTerminal: isatty.IsTerminal(os.Stdin.Fd()), OutTerminal: isatty.IsTerminal(os.Stdout.Fd()),
		TempDir: os.TempDir(),
		Listen:  func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) },
		Stop: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		},
		Reload: func() (<-chan os.Signal, func()) {
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			return hangup, func() { signal.Stop(hangup) }
		},
	}
	if home, err := os.UserHomeDir(); err == nil {
		w.Home = home
	}
	if w.OutTerminal {
		w.Size = terminalSize
		w.Page = page
	}
	return w
}

func terminalSize() (width, height int) {
	size, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}

// page shows a text in the pager of the environment, or in less, which scrolls wide lines sideways.
func page(text string) error {
	command := strings.Fields(os.Getenv("PAGER"))
	if len(command) == 0 {
		command = []string{"less", "-SRFX"}
	}
	c := exec.Command(command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(text), os.Stdout, os.Stderr
	if err := c.Run(); err != nil { // no pager: print it
		_, err = os.Stdout.WriteString(text)
		return err
	}
	return nil
}
