package client_test

import "net"

type connType = net.Conn
