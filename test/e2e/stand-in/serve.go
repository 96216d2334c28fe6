package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Longest time for requests that are being answered when the server is told to stop.
const lastAnswers = 10 * time.Second

// Answers every path with its release and its host, after START_DELAY, on PORT. It stops on SIGTERM like any Go server
// that is written with care: no new connections, idle ones closed, running requests answered.
func serve() error {
	release, host := os.Getenv("RELEASE"), hostName()
	if delay, err := time.ParseDuration(os.Getenv("START_DELAY")); err == nil {
		time.Sleep(delay)
	}
	handler := http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		if os.Getenv("SICK") != "" {
			answer.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintf(answer, "%s %s\n", release, host)
	})
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: handler}
	told, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer forget()
	stopped := make(chan error)
	go func() {
		<-told.Done()
		limit, cancel := context.WithTimeout(context.Background(), lastAnswers)
		defer cancel()
		stopped <- server.Shutdown(limit)
	}()
	fmt.Printf("release %s listens on %s\n", release, server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
