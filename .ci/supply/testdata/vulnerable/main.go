// Command vulnerable calls what GO-2021-0113 is about: a scan that says nothing
// of it is broken.
package main

import (
	"fmt"
	"os"

	"golang.org/x/text/language"
)

func main() { fmt.Println(language.Parse(os.Args[0])) }
