package pages

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/templates"
)

// maxLoginForm is more than a user name, a password and a page need.
const maxLoginForm = 8 << 10

// loginView is the page to log in on.
type loginView struct {
	Frame
	Username string
	Next     string
	Problem  string
	// Insecure means that a password would be readable on its way: there is no
	// form then, but three ways out.
	Insecure  bool
	Port      string // for the tunnel
	Host      string // for the tunnel
	Forwarded bool   // a proxy that is not trusted stands between
}

// nobody is a hash that no password has: verified for users that do not exist,
// so that they take as long as those who do.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keS0h$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func (p *Pages) showLogin(c *gin.Context) error {
	settings := p.Settings()
	next := safeNext(c.Query("next"))
	if p.sessions.user(settings.transportOf(c.Request), c.Request, p.Passwords) != "" {
		c.Redirect(http.StatusSeeOther, next)
		return nil
	}
	return p.loginPage(c, http.StatusOK, loginView{Next: next})
}

func (p *Pages) login(c *gin.Context) error {
	t := p.Settings().transportOf(c.Request)
	if p.sessions.manager(t) == nil {
		return p.loginPage(c, http.StatusForbidden, loginView{})
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxLoginForm)
	if err := c.Request.ParseForm(); err != nil {
		return p.loginPage(c, http.StatusBadRequest, loginView{Problem: "This form could not be read. Please try again."})
	}
	form := c.Request.PostForm
	view := loginView{Username: form.Get("username"), Next: safeNext(form.Get("next"))}
	status, problem, err := p.admit(c, t, view.Username, form.Get("password"))
	if err != nil {
		return err
	}
	if problem != "" {
		view.Problem = problem
		return p.loginPage(c, status, view)
	}
	c.Redirect(http.StatusSeeOther, view.Next)
	return nil
}

// admit begins a session, or says what stands against it.
func (p *Pages) admit(c *gin.Context, t transport, username, password string) (status int, problem string, err error) {
	address, now := p.Settings().clientOf(c.Request), p.Now()
	// The limits keep names of strangers for a while: short ones.
	if k := p.door.knock(address, shortened(username), now); k.wait > 0 {
		p.Log.Warn("login refused for now", "user", shortened(username), "address", address, "wait", k.wait.String())
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(k.wait.Seconds()))))
		return http.StatusTooManyRequests, k.sentence(), nil
	}
	encoded, known := p.Passwords.PasswordHash(username)
	if !known {
		encoded = nobody
	}
	ok, err := p.door.check(c.Request.Context(), encoded, password)
	if errors.Is(err, errBusy) {
		c.Header("Retry-After", "5")
		return http.StatusTooManyRequests, "Too many people are logging in at this moment. Try again in a few seconds.", nil
	}
	if !ok || !known {
		p.Log.Warn("login failed", "user", shortened(username), "address", address)
		return http.StatusUnauthorized, "User name or password is wrong.", nil
	}
	p.door.opened(address, shortened(username))
	p.Log.Info("logged in", "user", shortened(username), "address", address)
	return http.StatusSeeOther, "", p.sessions.begin(t, c.Writer, c.Request, username, encoded)
}

func (k knocked) sentence() string {
	wait := fmt.Sprintf("Try again in %s.", k.wait.Round(time.Second))
	if k.byAddress {
		return "Too many attempts from your address. " + wait
	}
	return "Too many attempts for this user. " + wait
}

func (p *Pages) logout(c *gin.Context) error {
	if err := p.sessions.end(p.Settings().transportOf(c.Request), c.Writer, c.Request); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/login")
	return nil
}

func (p *Pages) loginPage(c *gin.Context, status int, view loginView) error {
	t := p.Settings().transportOf(c.Request)
	view.Frame = p.frame(c, "Log in", "")
	if p.sessions.manager(t) == nil {
		view.Insecure = true
		view.Forwarded = forwarded(c.Request)
		view.Host, view.Port = hostAndPort(c.Request.Host)
	}
	view.Username = shortened(view.Username)
	return p.render(c, status, "login", view)
}

// knownOnly lets nobody through who is not logged in.
func (p *Pages) knownOnly(c *gin.Context) {
	began := time.Now()
	user := p.sessions.user(p.Settings().transportOf(c.Request), c.Request, p.Passwords)
	if user == "" {
		c.Redirect(http.StatusSeeOther, loginFor(c.Request))
		c.Abort()
		return
	}
	c.Set(userField, user)
	startWatch(c, began)
	p.Shown()
}

// loginFor is the login that leads back to where r wanted to go.
func loginFor(r *http.Request) string {
	next := r.URL.Path
	if r.Method == http.MethodPost { // what was to be done has to be asked for again
		next = pageWith(next)
	} else if r.URL.RawQuery != "" {
		next += "?" + r.URL.RawQuery
	}
	if next = safeNext(next); next == "/" {
		return "/login"
	}
	return "/login?" + url.Values{"next": {next}}.Encode()
}

// pageWith is the page that has the button for what is posted to path.
func pageWith(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	list := "/" + strings.TrimSuffix(parts[0], ".csv")
	if len(parts) > 2 && (list == incidentsPath || list == historyPath) {
		return list + "/" + parts[1]
	}
	return list
}

// lists are the pages behind the login that are not about one thing.
func lists() []string {
	return []string{"/", incidentsPath, historyPath, callersPath, rulesPath, notifiersPath, silencesPath}
}

// safeNext is a page of ours to go to after the login: "/" for anything that
// could lead elsewhere.
func safeNext(next string) string {
	const longest = 2000
	u, err := url.Parse(next)
	switch {
	case err != nil, len(next) > longest, u.IsAbs(), u.Host != "", u.User != nil, u.Opaque != "":
		return "/"
	case !strings.HasPrefix(next, "/"), strings.HasPrefix(next, "//"), strings.ContainsAny(next, "\\\r\n\t\x00"):
		return "/"
	case !slices.Contains(lists(), u.Path) && !strings.HasPrefix(u.Path, incidentsPath+"/") && !strings.HasPrefix(u.Path, historyPath+"/"):
		return "/"
	}
	u.Fragment = ""
	return u.RequestURI()
}

// hostAndPort splits the Host of a request for a command that people paste:
// only what is plainly a host stands in it.
func hostAndPort(hostport string) (host, port string) {
	u, err := url.Parse("http://" + hostport)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Hostname(), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") != "" || u.Hostname()[0] == '-' {
		return "your-server", "8080"
	}
	if port = u.Port(); port == "" {
		port = "80"
	}
	return u.Hostname(), port
}

// shortened is a stranger's word as logs and the door keep it.
func shortened(s string) string { return templates.Shorten(s, 64) }
