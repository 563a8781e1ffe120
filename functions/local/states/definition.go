package states

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Machine is a definition that was understood whole: a state that is named is
// there, and no field of any state is without an effect here.
type Machine struct {
	Comment        string            // for people
	StartAt        string            // name of the first state
	TimeoutSeconds int               // of an execution; 0: none
	States         map[string]*State // by name
}

// State is one state. Which fields may be set depends on Type: see fields.
type State struct {
	Type    string // a key of fields
	Comment string // for people
	Next    string // exactly one of Next and End is set, but on Choice, Succeed and Fail
	End     bool

	InputPath, OutputPath, ResultPath *path     // nil: "$"; a null in the definition is path.none
	Parameters, ResultSelector        any       // payload templates
	Resource                          string    // of a Task
	TimeoutSeconds                    int       // of one attempt of a Task; 0: none
	Retry                             []Retrier // the first that matches counts
	Catch                             []Catcher // after all retries; the first that matches

	ItemsPath      *path        // of a Map
	ItemSelector   any          // payload template of an item's input; nil: the item itself
	MaxConcurrency int          // items at a time; 0: as many as the service allows
	Iterator       *Machine     // what is run for each item
	Distributed    *distributed // of a Map whose items are executions of their own; nil: inline

	Choices []Choice // in order; the first that holds
	Default string   // where no rule holds; empty fails the state

	Result any // of a Pass

	Error, Cause string // of a Fail
}

// Retrier says which errors are tried again, how often and after what wait.
type Retrier struct {
	ErrorEquals     []string // error names, see failure.matches
	IntervalSeconds *int     // before the first retry; nil: 1
	BackoffRate     *float64 // factor of each further wait; nil: 2
	MaxAttempts     *int     // retries, the first try not among them; nil: 3
	MaxDelaySeconds int      // of one wait; 0: no bound
}

// Catcher says where to go on after an error.
type Catcher struct {
	ErrorEquals []string // error names, see failure.matches
	ResultPath  *path    // where error and cause go; nil: they are the whole input
	Next        string   // state to go on with
}

const lambdaInvoke = "arn:aws:states:::lambda:invoke"

// fields lists what a state of each type may carry. Any other field is refused.
var fields = map[string][]string{
	"Task":    {"Resource", "Parameters", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "TimeoutSeconds", "Retry", "Catch", "Next", "End"},
	"Map":     {"ItemsPath", "ItemSelector", "MaxConcurrency", "ItemProcessor", "Label", "ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailurePercentage", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Retry", "Catch", "Next", "End"},
	"Choice":  {"Choices", "Default", "InputPath", "OutputPath"},
	"Pass":    {"Result", "Parameters", "InputPath", "OutputPath", "ResultPath", "Next", "End"},
	"Succeed": {"InputPath", "OutputPath"},
	"Fail":    {"Error", "Cause"},
}

// ParseMachine reads a definition. The error names the first construct that is
// unknown, misplaced or missing.
func ParseMachine(data []byte) (*Machine, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var raw map[string]json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("decode state machine: %w", err)
	}
	return parseMachine(raw, "", "Comment", "StartAt", "TimeoutSeconds", "States")
}

// parseMachine reads a machine or a Map's processor; at is where it stands, for
// errors.
func parseMachine(raw map[string]json.RawMessage, at string, known ...string) (*Machine, error) {
	if err := refuseUnknown(raw, at, known); err != nil {
		return nil, err
	}
	m := &Machine{States: map[string]*State{}}
	var states map[string]json.RawMessage
	if err := errors.Join(read(raw, "Comment", &m.Comment), read(raw, "StartAt", &m.StartAt), read(raw, "TimeoutSeconds", &m.TimeoutSeconds), read(raw, "States", &states)); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		s, err := parseState(states[name], at+"/"+name)
		if err != nil {
			return nil, err
		}
		m.States[name] = s
	}
	return m, m.checkTargets(at)
}

// checkTargets holds that every state that is named is there.
func (m *Machine) checkTargets(at string) error {
	target := func(from, name string) error {
		if m.States[name] == nil {
			return fmt.Errorf("%s/%s: no state is called %q", at, from, name)
		}
		return nil
	}
	if err := target("StartAt", m.StartAt); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		s := m.States[name]
		var to []string
		if s.Next != "" {
			to = append(to, s.Next)
		}
		if s.Default != "" {
			to = append(to, s.Default)
		}
		for _, c := range s.Catch {
			to = append(to, c.Next)
		}
		// Choice states end in one of these, so they have no Next of their own.
		for _, c := range s.Choices {
			to = append(to, c.Next)
		}
		for _, t := range to {
			if err := target(name, t); err != nil {
				return err
			}
		}
		ends := s.Type == "Choice" || s.Type == "Succeed" || s.Type == "Fail"
		if !ends && (s.Next != "") == s.End {
			return fmt.Errorf("%s/%s: exactly one of Next and End is needed", at, name)
		}
	}
	return nil
}

// refuseUnknown names the first field that is not known, in order of names.
func refuseUnknown(raw map[string]json.RawMessage, at string, known []string) error {
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: %q is not interpreted by the local stage", at, name)
		}
	}
	return nil
}

// read decodes a field strictly; an absent one leaves dst as it is.
func read(raw map[string]json.RawMessage, name string, dst any) error {
	data, ok := raw[name]
	if !ok {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// parseState reads one state and refuses what its type does not have.
func parseState(data json.RawMessage, at string) (*State, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	s := &State{}
	if err := errors.Join(read(raw, "Type", &s.Type), read(raw, "Comment", &s.Comment)); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	allowed, ok := fields[s.Type]
	if !ok {
		return nil, fmt.Errorf("%s: a state of type %q is not interpreted by the local stage", at, s.Type)
	}
	// Nothing in a definition is ignored: a field that is not interpreted would make
	// the stage do something else than AWS, and nobody would see it.
	if err := refuseUnknown(raw, at, append([]string{"Type", "Comment"}, allowed...)); err != nil {
		return nil, err
	}
	err := errors.Join(
		read(raw, "Next", &s.Next), read(raw, "End", &s.End), read(raw, "Resource", &s.Resource),
		read(raw, "InputPath", &s.InputPath), read(raw, "OutputPath", &s.OutputPath), read(raw, "ResultPath", &s.ResultPath),
		read(raw, "Parameters", &s.Parameters), read(raw, "ResultSelector", &s.ResultSelector), read(raw, "ItemSelector", &s.ItemSelector),
		read(raw, "TimeoutSeconds", &s.TimeoutSeconds), read(raw, "Retry", &s.Retry), read(raw, "Catch", &s.Catch),
		read(raw, "ItemsPath", &s.ItemsPath), read(raw, "MaxConcurrency", &s.MaxConcurrency),
		read(raw, "Choices", &s.Choices), read(raw, "Default", &s.Default), read(raw, "Result", &s.Result),
		read(raw, "Error", &s.Error), read(raw, "Cause", &s.Cause),
	)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	// Decoding alone cannot tell null from absent: both leave a nil pointer.
	for name, p := range map[string]**path{"InputPath": &s.InputPath, "OutputPath": &s.OutputPath, "ResultPath": &s.ResultPath} {
		if v, there := raw[name]; there && string(v) == "null" {
			*p = &path{none: true} // null discards, and an absent field keeps
		}
	}
	if err := s.check(raw, at); err != nil {
		return nil, err
	}
	return s, nil
}

// check holds what the type needs, and parses a Map's processor.
func (s *State) check(raw map[string]json.RawMessage, at string) error {
	for _, template := range []any{s.Parameters, s.ResultSelector, s.ItemSelector} {
		if err := checkTemplate(template); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	for _, r := range s.Retry {
		if len(r.ErrorEquals) == 0 {
			return fmt.Errorf("%s: a Retry without ErrorEquals", at)
		}
	}
	switch {
	// Refused is also a function's own ARN, which ASL allows: its answer comes bare.
	case s.Type == "Task" && s.Resource != lambdaInvoke:
		return fmt.Errorf("%s: the resource %q is not interpreted by the local stage, only %s", at, s.Resource, lambdaInvoke)
	case s.Type == "Choice" && len(s.Choices) == 0:
		return fmt.Errorf("%s: a Choice without Choices", at)
	case s.Type == "Map":
		return s.parseProcessor(raw, at)
	}
	return nil
}

// parseProcessor reads the processor of the Map whose fields are given.
func (s *State) parseProcessor(fields map[string]json.RawMessage, at string) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(fields["ItemProcessor"], &raw); err != nil {
		return fmt.Errorf("%s/ItemProcessor: %w", at, err)
	}
	var config struct{ Mode, ExecutionType string }
	if err := read(raw, "ProcessorConfig", &config); err != nil {
		return fmt.Errorf("%s/ItemProcessor: %w", at, err)
	}
	var err error
	switch config.Mode {
	case "", "INLINE":
		err = refuseDistributed(fields, config.ExecutionType, at)
	case "DISTRIBUTED":
		err = s.parseDistributed(fields, config.ExecutionType, at)
	default:
		err = fmt.Errorf("%s: a Map of mode %q is not interpreted by the local stage", at, config.Mode)
	}
	if err != nil {
		return err
	}
	s.Iterator, err = parseMachine(raw, at+"/ItemProcessor", "Comment", "ProcessorConfig", "StartAt", "States")
	return err
}
