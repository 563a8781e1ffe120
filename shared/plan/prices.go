package main

import "math"

// fact is a price or a limit, and where it is published.
type fact struct {
	name   string
	value  float64
	unit   string
	source string
}

// looked is when prices and limits were last compared with their sources.
const looked = "2026-11"

// Prices are dollars in us-east-1, without free tiers and taxes.
var (
	lambdaRequest = fact{"Lambda request", 0.20 / 1e6, "a request", "https://aws.amazon.com/lambda/pricing/"}
	lambdaDisk    = fact{"Lambda disk above 512 MB", 0.0000000309, "a GB-second", "https://aws.amazon.com/lambda/pricing/"}
	transition    = fact{"Step Functions transition", 0.025 / 1000, "a transition", "https://aws.amazon.com/step-functions/pricing/"}
	s3Put         = fact{"S3 PUT or LIST", 0.005 / 1000, "a request", "https://aws.amazon.com/s3/pricing/"}
	s3Get         = fact{"S3 GET", 0.0004 / 1000, "a request", "https://aws.amazon.com/s3/pricing/"}
	s3Store       = fact{"S3 storage", 0.023, "a GB and month", "https://aws.amazon.com/s3/pricing/"}
	tableRead     = fact{"DynamoDB read", 0.125 / 1e6, "a read unit", "https://aws.amazon.com/dynamodb/pricing/on-demand/"}
	tableWrite    = fact{"DynamoDB write", 0.625 / 1e6, "a write unit", "https://aws.amazon.com/dynamodb/pricing/on-demand/"}
	logBytes      = fact{"CloudWatch Logs", 0.50, "a GB taken in", "https://aws.amazon.com/cloudwatch/pricing/"}
	metric        = fact{"CloudWatch metric of one's own", 0.30, "a month", "https://aws.amazon.com/cloudwatch/pricing/"}
)

// Limits are those of a new account; all but the last four can be raised.
var (
	accountInstances = fact{"Lambda instances of an account", 1000, "at a time", "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"}
	gatewayRate      = fact{"API Gateway requests of an account", 10_000, "a second", "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"}
	childExecutions  = fact{"executions of a Distributed Map", 10_000, "at a time", "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"}
	scalingRate      = fact{"new Lambda instances of a function", 1000, "in ten seconds", "https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html"}
	functionSeconds  = fact{"a Lambda call", 900, "seconds", "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"}
	callBytes        = fact{"a Lambda request or answer", 6e6, "bytes", "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"}
	coreMB           = fact{"one processor is given at", 1769, "MB", "https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"}
)

// prices and limits are all of them, as the page lists them.
var (
	prices = []fact{lambdaRequest, lambdaDisk, transition, s3Put, s3Get, s3Store, tableRead, tableWrite, logBytes, metric}
	limits = []fact{accountInstances, gatewayRate, childExecutions, scalingRate, functionSeconds, callBytes, coreMB}
)

// tier is a price up to a number of units a month.
type tier struct{ upTo, price float64 }

// Prices that fall with what is used in a month.
var (
	// Lambda on arm64, dollars a GB-second: https://aws.amazon.com/lambda/pricing/
	lambdaTiers = []tier{{7.5e9, 0.0000133334}, {18.75e9, 0.0000120001}, {math.Inf(1), 0.0000106667}}
	// HTTP API, dollars a request of up to 512 KB: https://aws.amazon.com/api-gateway/pricing/
	gatewayTiers = []tier{{300e6, 1.00 / 1e6}, {math.Inf(1), 0.90 / 1e6}}
)

// charge is what so many units cost in one month.
func charge(tiers []tier, units float64) float64 {
	total, from := 0.0, 0.0
	for _, t := range tiers {
		if units <= from {
			break
		}
		total += (min(units, t.upTo) - from) * t.price
		from = t.upTo
	}
	return total
}
