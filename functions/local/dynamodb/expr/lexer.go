package expr

import (
	"strings"

	"godwit/functions/local/dynamodb/attr"
)

// tokenKind is what the lexer tells apart; keywords are identifiers until the
// parser asks, because most of them may also be attribute names.
type tokenKind uint8

const (
	endOfInput tokenKind = iota
	identifier           // letters, digits and underscores, first a letter
	name                 // #placeholder
	value                // :placeholder
	number               // digits, only as a list index
	symbol               // = <> < <= > >= + - ( ) [ ] , .
	invalid              // a byte no expression contains
)

// token is a part of the source, as it stands there.
type token struct {
	kind tokenKind
	text string
	at   int // byte offset
}

// Limits of one expression string.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxExpressionBytes = 4096
	maxOperators       = 300
)

// lex splits an expression. The last token is endOfInput.
func lex(kind, src string) ([]token, error) {
	if len(src) > maxExpressionBytes {
		return nil, attr.Errorf("Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", kind, len(src))
	}
	if strings.TrimSpace(src) == "" {
		return nil, attr.Errorf("Invalid %s: The expression can not be empty;", kind)
	}
	var tokens []token
	for at := 0; at < len(src); {
		if isSpace(src[at]) {
			at++
			continue
		}
		t := nextToken(src, at)
		tokens = append(tokens, t)
		at += len(t.text)
	}
	return append(tokens, token{kind: endOfInput, text: "<EOF>", at: len(src)}), nil
}

// nextToken reads the token that starts at at, which is no space.
func nextToken(src string, at int) token {
	c := src[at]
	switch {
	case isLetter(c):
		return token{identifier, wordAt(src, at, 0), at}
	case isDigit(c):
		return token{number, wordAt(src, at, 0), at}
	case c == '#' || c == ':':
		kind := name
		if c == ':' {
			kind = value
		}
		word := wordAt(src, at, 1)
		if len(word) == 1 {
			kind = invalid
		}
		return token{kind, word, at}
	case strings.HasPrefix(src[at:], "<>"), strings.HasPrefix(src[at:], "<="), strings.HasPrefix(src[at:], ">="):
		return token{symbol, src[at : at+2], at}
	case strings.IndexByte("=<>+-()[],.", c) >= 0:
		return token{symbol, src[at : at+1], at}
	}
	return token{invalid, src[at : at+1], at}
}

// wordAt returns the word that starts at at and whose first skip bytes are taken.
func wordAt(src string, at, skip int) string {
	end := at + skip
	for end < len(src) && isWordByte(src[end]) {
		end++
	}
	return src[at:end]
}

func isSpace(c byte) bool    { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isLetter(c byte) bool   { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// parser walks the tokens of one expression. Its methods return *attr.Error.
type parser struct {
	kind      string // "ConditionExpression", ...: how messages call it
	src       string
	tokens    []token
	next      int
	scope     *Scope
	operators int
}

// newParser returns a parser at the first token.
func newParser(kind, src string, scope *Scope) (*parser, error) {
	tokens, err := lex(kind, src)
	if err != nil {
		return nil, err
	}
	return &parser{kind: kind, src: src, tokens: tokens, scope: scope}, nil
}

// peek returns the next token and leaves it there.
func (p *parser) peek() token { return p.tokens[p.next] }

// take returns the next token and goes on; the end is never passed.
func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != endOfInput {
		p.next++
	}
	return t
}

// takeSymbol takes the next token when it is one of the symbols.
func (p *parser) takeSymbol(symbols ...string) (string, bool) {
	t := p.peek()
	for _, s := range symbols {
		if t.kind == symbol && t.text == s {
			return p.take().text, true
		}
	}
	return "", false
}

// takeKeyword takes the next token when it is the word, in any case of letters.
func (p *parser) takeKeyword(word string) bool {
	if !p.atKeyword(word) {
		return false
	}
	p.take()
	return true
}

// atKeyword reports whether the next token is the word; keywords have no case.
func (p *parser) atKeyword(word string) bool {
	t := p.peek()
	return t.kind == identifier && strings.EqualFold(t.text, word)
}

// want takes the symbol or reports a syntax error.
func (p *parser) want(s string) error {
	if _, ok := p.takeSymbol(s); !ok {
		return p.syntaxError()
	}
	return nil
}

// end checks that everything was read.
func (p *parser) end() error {
	if p.peek().kind != endOfInput {
		return p.syntaxError()
	}
	return nil
}

// operator counts one operator or function against the limit.
func (p *parser) operator() error {
	p.operators++
	if p.operators > maxOperators {
		return p.errorf("The expression contains too many operators; operator limit: %d", maxOperators)
	}
	return nil
}

// errorf makes the error AWS answers for this kind of expression.
func (p *parser) errorf(format string, args ...any) error {
	return attr.Errorf("Invalid "+p.kind+": "+format, args...)
}

// syntaxError points at the next token, quoting its neighbours as AWS does.
func (p *parser) syntaxError() error {
	from := p.tokens[max(p.next-1, 0)]
	to := p.tokens[min(p.next+1, len(p.tokens)-1)]
	end := to.at
	if to.kind != endOfInput {
		end += len(to.text)
	}
	return p.errorf("Syntax error; token: %q, near: %q", p.peek().text, strings.TrimSpace(p.src[from.at:end]))
}
