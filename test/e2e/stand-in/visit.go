package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Visits a URL at a steady rate until it is stopped, each visit by its own goroutine, so that a slow answer holds no other
// up. Prints a line each: status ("000" without an answer), then what was answered or what went wrong.
//
// With -keep-alive connections are used again, as browsers and proxies do; like them, Go's client asks once more when a
// connection was closed while it lay idle. Without it every visit opens a connection of its own.
func visit(args []string) error {
	flags := flag.NewFlagSet("visit", flag.ContinueOnError)
	keepAlive := flags.Bool("keep-alive", false, "use connections again")
	rate := flags.Int("rate", 25, "visits a second")
	patience := flags.Duration("timeout", 2*time.Second, "a visit without an answer has failed after this time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	client := &http.Client{
		Timeout: *patience,
		Transport: &http.Transport{
			DisableKeepAlives:   !*keepAlive,
			MaxIdleConnsPerHost: 20,
		},
	}
	lines := make(chan string)
	go func() {
		for range time.Tick(time.Second / time.Duration(*rate)) {
			go func() { lines <- once(client, flags.Arg(0)) }()
		}
	}()
	for line := range lines {
		if _, err := fmt.Println(line); err != nil {
			return err
		}
	}
	return nil
}

func once(client *http.Client, url string) string {
	answer, err := client.Get(url)
	if err != nil {
		return "000 " + oneLine(err.Error())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "000 " + oneLine(err.Error())
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, oneLine(string(body)))
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
