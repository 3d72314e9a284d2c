package main

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/recovery"
)

// mediaRoom serves the recordings that answers play, and nothing else of
// their folder.
type mediaRoom struct {
	media func() *recovery.Media
}

// Register adds the route.
func (m mediaRoom) Register(r gin.IRouter) {
	r.GET(recovery.MediaPath+":name", m.serve)
	r.HEAD(recovery.MediaPath+":name", m.serve)
}

func (m mediaRoom) serve(c *gin.Context) {
	file, contentType, err := m.media().Open(strings.TrimPrefix(c.Request.URL.Path, recovery.MediaPath))
	if err != nil {
		c.String(http.StatusNotFound, "There is no such recording.\n")
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		c.String(http.StatusNotFound, "There is no such recording.\n")
		return
	}
	c.Header("Content-Type", contentType)
	c.Header("Cache-Control", "public, max-age=300")
	http.ServeContent(c.Writer, c.Request, "", info.ModTime(), file)
}
