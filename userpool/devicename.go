package userpool

import "strings"

// What user agents say of themselves. Most name others as well: the first that is found counts.
var (
	browserNames = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"Go-http-client/", "Go"}, {"okhttp/", "OkHttp"},
		{"python-requests/", "Python"},
	}
	systemNames = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Macintosh", "macOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// device says in a few words what a request came from, or "". The words are ours: what a user agent says of itself can be anything.
func (c UserContextData) device() string {
	agent := c.agent()
	name := func(list [][2]string) string {
		for _, e := range list {
			if strings.Contains(agent, e[0]) {
				return e[1]
			}
		}
		return ""
	}
	browser, system := name(browserNames), name(systemNames)
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + ", " + system
}

// place says from where a request came, or "": the network address. Of IPv6 it is the network that the person's provider gave them: the
// other half changes all the time, and nobody recognises it.
func (c UserContextData) place() string {
	a := c.IPAddress.Unmap().WithZone("")
	if !a.IsValid() || a.Is4() {
		return c.address()
	}
	network, err := a.Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}
