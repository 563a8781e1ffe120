package strictjson

import (
	"strings"

	"godwit/shared/fault"
)

// Complain is an error about the value that is being read: text says what is
// wrong with it, reason the same for a program. The objects and arrays around
// the value complete it with the JSON pointer of its place, in Msg and in its
// one Detail.
func Complain(code fault.Code, reason, text string) *fault.Error {
	return fault.New(code, "%s", text).WithReason(reason).WithDetails(fault.Detail{Text: text})
}

// within puts a key or index before the pointer of err. Errors that are not
// about a value, such as those of what is not JSON, have none.
func within(token string, err *fault.Error) *fault.Error {
	if len(err.Details) == 0 {
		return err
	}
	// RFC 6901, section 3: "~" first, or the escape of "/" would be escaped again.
	token = strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
	d := &err.Details[0]
	d.Pointer = "/" + token + d.Pointer
	err.Msg = d.Pointer + ": " + d.Text
	return err
}

// Worst returns what is wrong with data as JSON, or else err: a field in the
// wrong place is no news about something that is not JSON at all.
func Worst(data []byte, err *fault.Error) *fault.Error {
	s := Scanner{Data: data}
	broken := s.Skip()
	if broken == nil {
		broken = s.End()
	}
	if broken != nil {
		return broken
	}
	return err
}
