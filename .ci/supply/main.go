// Command supply is what the supply-chain checks need beyond the tools they run:
// a vulnerability database on disk, and a comparison of what a bill of materials
// says with what is in the program.
//
//	supply database ADVISORIES FOLDER   ADVISORIES is a file as advisories.json, or a folder of OSV entries
//	supply bom PROGRAM BILL             PROGRAM is a Go executable, BILL its CycloneDX JSON
//	supply library BILL NAME VERSION LICENCE PURL SHA256   adds to BILL what PROGRAM loads
//
// It uses the standard library only: what checks the dependencies has none.
package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"slices"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "supply:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "database":
		return database(args[1], args[2])
	case len(args) == 3 && args[0] == "bom":
		return bill(args[1], args[2])
	case len(args) == 7 && args[0] == "library":
		return library(args[1], args[2], args[3], args[4], args[5], args[6])
	}
	return fmt.Errorf("%q: want `database ADVISORIES FOLDER`, `bom PROGRAM BILL` or `library BILL NAME VERSION LICENCE PURL SHA256`", args)
}

// database lays out the entries of a file or a folder and says what they are.
func database(from, folder string) error {
	entries, err := Read(from)
	if err != nil {
		return err
	}
	if err := Lay(folder, entries); err != nil {
		return err
	}
	newest := slices.MaxFunc(entries, func(a, b Entry) int { return a.Modified.Compare(b.Modified) })
	fmt.Printf("%d advisories, the newest of %s\n", len(entries), newest.Modified.Format("2006-01-02"))
	return nil
}

// bill fails when the bill of materials leaves out anything of the program.
func bill(program, path string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := Compare(info, data); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// library adds to a bill of materials a library that the program loads.
func library(path, name, version, licence, purl, sha256 string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if data, err = Add(data, name, version, licence, purl, sha256); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, data, 0o644)
}
