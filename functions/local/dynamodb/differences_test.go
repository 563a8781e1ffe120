package dynamodb_test

import (
	"maps"
	"regexp"
	"strings"
)

// difference is a known disagreement with moto 5.2.1, and the page of the AWS
// documentation that settles it.
type difference struct {
	name    string
	page    string
	applies func(e exchange, moto, here outcome) bool
}

const (
	developerGuide = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
	apiReference   = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
)

// refusedHere matches requests that only this side refuses, with a message
// that contains text.
func refusedHere(text string) func(e exchange, moto, here outcome) bool {
	return func(_ exchange, moto, here outcome) bool {
		return here.code == "ValidationException" && strings.Contains(here.message, text) && moto.code != here.code
	}
}

var (
	trailingZero       = regexp.MustCompile(`("N":"-?[0-9]+\.[0-9]*?)0+"`)
	indexedPlaceholder = regexp.MustCompile(`#n[0-9]\[`)
)

var knownDifferences = []difference{
	{
		// "If LastEvaluatedKey is not empty, it does not necessarily mean that
		// there is more data": AWS stops at Limit without looking further.
		"a full last page has a LastEvaluatedKey", apiReference + "API_Query.html",
		func(e exchange, moto, here outcome) bool {
			m, h := asMap(moto.content), maps.Clone(asMap(here.content))
			_, ends := m["LastEvaluatedKey"]
			delete(h, "LastEvaluatedKey")
			return e.Operation == "Query" && !ends && toJSON(m) == toJSON(h)
		},
	},
	{
		// "ValidationError" is a cancellation reason, with these very messages.
		"an update that does not fit cancels its transaction", apiReference + "API_TransactWriteItems.html",
		func(e exchange, moto, here outcome) bool {
			return e.Operation == "TransactWriteItems" && moto.code == "ValidationException" &&
				here.code == "TransactionCanceledException" && strings.Contains(here.String(), "ValidationError")
		},
	},
	{
		// BETWEEN: "two AttributeValue elements of the same type, either String,
		// Number, or Binary".
		"bounds of BETWEEN have one type", developerGuide + "LegacyConditionalParameters.Conditions.html",
		refusedHere("The BETWEEN operator requires same data type"),
	},
	{
		// LT, LE, GT, GE: "of type String, Number, or Binary (not a set type)".
		"only texts, numbers and binaries have an order", developerGuide + "LegacyConditionalParameters.Conditions.html",
		refusedHere("Incorrect operand type for operator or function"),
	},
	{
		"a placeholder must be used", developerGuide + "Expressions.ExpressionAttributeValues.html",
		refusedHere("unused in expressions"),
	},
	{
		"placeholders need an expression", developerGuide + "Expressions.ExpressionAttributeValues.html",
		refusedHere("can only be specified when using expressions"),
	},
	{
		"no two paths of an expression overlap", developerGuide + "Expressions.UpdateExpressions.html",
		refusedHere("Two document paths"),
	},
	{
		"reserved words are refused everywhere", developerGuide + "ReservedWords.html",
		refusedHere("reserved keyword"),
	},
	{
		"placeholders must be defined everywhere", developerGuide + "Expressions.ExpressionAttributeNames.html",
		refusedHere("is not defined"),
	},
	{
		// Comparators and size are defined for some types; for others, and for
		// absent attributes, moto fails inside with a Python error.
		"what cannot be compared or measured is no match", developerGuide + "Expressions.OperatorsAndFunctions.html",
		func(e exchange, moto, here outcome) bool {
			return moto.code == "NoJSON" || strings.Contains(moto.String(), `"ValueError"`) || strings.Contains(moto.String(), `"TypeError"`)
		},
	},
	{
		// A Boolean is not a Number; to moto's Python, False equals 0.
		"values of two types are not equal", developerGuide + "HowItWorks.NamingRulesDataTypes.html",
		func(e exchange, moto, here outcome) bool {
			request := string(e.Request)
			number := strings.Contains(request, `{"N":"0"}`) || strings.Contains(request, `{"N":"1"}`)
			return strings.Contains(request, " IN (") && (number || strings.Contains(request, `"BOOL"`)) && moto.code != here.code
		},
	},
	{
		// "Leading and trailing zeroes are trimmed"; moto adds as Python does.
		"numbers are normalised", developerGuide + "HowItWorks.NamingRulesDataTypes.html",
		func(e exchange, moto, here outcome) bool {
			return withoutZeros(moto) == here.String()
		},
	},
	{
		// "true if a is greater than or equal to b, and less than or equal to c";
		// to moto's Python a zero or an empty text is no value.
		"zero and the empty text can be between", developerGuide + "Expressions.OperatorsAndFunctions.html",
		func(e exchange, moto, here outcome) bool {
			return strings.Contains(string(e.Request), " BETWEEN ") && moto.code == "ConditionalCheckFailedException" && here.code == ""
		},
	},
	{
		// "#attr[0]" is the documentation's own example of a list element; moto
		// does not find the placeholder in it.
		"a placeholder can be indexed", developerGuide + "Expressions.ExpressionAttributeNames.html",
		func(e exchange, moto, here outcome) bool {
			return moto.code == "ValidationException" && strings.Contains(moto.message, "ExpressionAttributeNames unused") && indexedPlaceholder.MatchString(string(e.Request))
		},
	},
	{
		// "NULL" is a type of its own; moto takes an absent attribute for one.
		"an absent attribute is not a NULL", developerGuide + "HowItWorks.NamingRulesDataTypes.html",
		func(e exchange, moto, here outcome) bool {
			request := string(e.Request)
			conditional := strings.Contains(request, "ConditionExpression\":") || strings.Contains(request, "FilterExpression")
			return conditional && strings.Contains(request, `{"NULL":true}`)
		},
	},
	{
		// "only the updated attributes": those the expression names, be their
		// values new or not, and never the key. moto compares values.
		"UPDATED_OLD and UPDATED_NEW answer what the expression names", apiReference + "API_UpdateItem.html",
		func(e exchange, moto, here outcome) bool {
			return e.Operation == "UpdateItem" && strings.Contains(string(e.Request), `"ReturnValues":"UPDATED_`) && moto.code == "" && here.code == ""
		},
	},
	{
		// An update is all or nothing; moto keeps what it did before the mistake.
		"a failed update changes nothing", apiReference + "API_UpdateItem.html",
		func(e exchange, moto, here outcome) bool { return e.Operation == "GetItem after failed UpdateItem" },
	},
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// withoutZeros writes an outcome with the zeros at the end of fractions cut off.
func withoutZeros(o outcome) string {
	return strings.ReplaceAll(trailingZero.ReplaceAllString(o.String(), `$1"`), `."`, `"`)
}
