package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
)

// The account that the corpus is signed for.
const (
	accountSID = "AC00000000000000000000000000000001"
	authToken  = "0123456789abcdef0123456789abcdef"
	publicURL  = "https://fallback.example.com"

	adminPassword = "bench-bench-bench" //nolint:gosec // of servers that end with the run
)

// serve is this program as one of the servers that Backstop is measured with:
// serve gin|floor|typical ADDRESS DIR.
func serve(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench serve gin|floor|typical ADDRESS DIR")
	}
	gin.SetMode(gin.ReleaseMode)
	answer := recovery.Apology(incident.Voice)
	handler, err := handlerOf(args[0], args[2], answer)
	if err != nil {
		return err
	}
	engine := gin.New()
	engine.POST("/fallback/voice", handler)
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", args[1])
	if err != nil {
		return err
	}
	return http.Serve(listener, engine) //nolint:gosec // bare on purpose
}

func handlerOf(name, dir string, answer []byte) (gin.HandlerFunc, error) {
	switch name {
	case "gin":
		return func(c *gin.Context) { send(c, answer) }, nil
	case "floor":
		f, err := newFloor(dir)
		return f.answering(answer), err
	case "typical":
		t, err := newTypical(dir)
		return t.answering(answer), err
	}
	return nil, fmt.Errorf("no server %q", name)
}

func send(c *gin.Context, document []byte) {
	c.Header("Content-Length", strconv.Itoa(len(document)))
	c.Data(http.StatusOK, "text/xml; charset=utf-8", document)
}
