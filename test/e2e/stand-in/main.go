// Stands in, on a test cluster, for the programs of products whose images no test can pull: "serve" is a web server that
// tells its release, "visit" asks one for it at a steady rate and prints what it got, a line each.
package main

import (
	"fmt"
	"os"
)

func main() {
	command, args := "serve", os.Args[1:]
	if len(args) > 0 && args[0] == "visit" {
		command, args = args[0], args[1:]
	}
	var err error
	if command == "visit" {
		err = visit(args)
	} else {
		// Arguments are the real program's, such as vmagent's flags.
		err = serve()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
